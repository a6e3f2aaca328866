"""Changes the layout of Python code, token by token: comments, line breaks, indentation, spaces."""

import io
import random
import token
import tokenize
from dataclasses import dataclass

from avatar.code import spelling

_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_SPACED = frozenset([",", "=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "|", "&", "->", ":="])
_FSTRING_START = getattr(token, "FSTRING_START", -1)
_FSTRING_END = getattr(token, "FSTRING_END", -1)
_SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER})


@dataclass(frozen=True)
class Style:
    """A layout. Floats are the probability of each possible insertion."""

    indent: str = "    "
    tight: bool = False
    padded: bool = False
    broken: float = 0.0
    blank: float = 0.0


def random_style(rng: random.Random) -> Style:
    """A random layout, such as people use."""
    return Style(
        indent=rng.choice(["    ", "    ", "    ", "  ", "  ", "        ", "\t"]),
        tight=rng.random() < 0.3,
        padded=rng.random() < 0.2,
        broken=rng.choice([0.0, 0.0, 0.3, 0.8]),
        blank=rng.choice([0.0, 0.0, 0.1, 0.3]),
    )


def reformat(code: str, rng: random.Random) -> str:
    """`code` in a random style, without comments; if that changes nothing, in another style that does."""
    style = random_style(rng)
    try:
        made, _ = relayout(code, style, rng)
        if made == code:
            made, _ = relayout(code, Style(indent="  " if style.indent != "  " else "    "), rng)
    except (
        tokenize.TokenError,
        SyntaxError,
        UnicodeEncodeError,
    ):  # the last one since Python 3.12
        return code
    return made


@dataclass(slots=True)
class _Token:
    kind: int
    text: str
    gap: str
    """Whitespace before the token on its logical line: as in the source; one space for a line break."""


def relayout(code: str, style: Style, rng: random.Random, respell: bool = False) -> tuple[str, int]:
    """`code` in `style` without comments, and the number of literals with another spelling.

    Tokens and their order do not change. With `respell`, about two thirds of the literals get another spelling, if
    there is one; each keeps its value and type.
    """
    lines: list[str] = []
    respelled = 0
    for level, tokens in _logical_lines(code):
        if lines and rng.random() < style.blank:
            lines.append("")
        if respell:
            respelled += _respell(tokens, rng)
        lines.append(style.indent * level + _joined(tokens, style, style.indent * (level + 2), rng))
    return "\n".join(lines) + "\n", respelled


def _logical_lines(code: str) -> list[tuple[int, list[_Token]]]:
    """(indentation level, tokens) of each logical line; a formatted string is one token."""
    source = io.StringIO(code).readlines()  # lines as in tokenize; str.splitlines splits at more characters
    starts = [0]
    for line in source:
        starts.append(starts[-1] + len(line))

    def offset(location: tuple[int, int]) -> int:
        return starts[location[0] - 1] + location[1]

    lines: list[tuple[int, list[_Token]]] = []
    current: list[_Token] = []
    level = nested = 0
    opened, end = (1, 0), (1, 0)
    for kind, text, start, stop, _ in tokenize.generate_tokens(io.StringIO(code).readline):
        if kind == _FSTRING_START:
            opened = opened if nested else start
            nested += 1
            continue
        if kind == _FSTRING_END:
            nested -= 1
            if nested:
                continue
            kind, text, start = tokenize.STRING, code[offset(opened) : offset(stop)], opened
        if nested or kind in _SKIPPED:
            continue
        if kind == tokenize.INDENT:
            level += 1
        elif kind == tokenize.DEDENT:
            level -= 1
        elif kind == tokenize.NEWLINE:
            lines.append((level, current))
            current = []
        else:
            gap = "" if not current else code[offset(end) : offset(start)] if end[0] == start[0] else " "
            current.append(_Token(kind, text, gap))
            end = stop
    return lines


def _respell(tokens: list[_Token], rng: random.Random) -> int:
    changed = 0
    for index, one in enumerate(tokens):
        if one.kind not in (tokenize.NUMBER, tokenize.STRING) or rng.random() > 0.67:
            continue
        if one.kind == tokenize.STRING:
            old, one.text = one.text, spelling.string(one.text, rng)
            changed += old != one.text
            continue
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        before = tokens[index - 1] if index else None
        glued = after is not None and (after.text.startswith(".") or (not after.gap and after.kind == tokenize.NAME))
        if not glued and not (before is not None and not one.gap and before.kind == tokenize.NAME):
            old, one.text = one.text, spelling.number(one.text, rng)
            changed += old != one.text
    return changed


def _joined(tokens: list[_Token], style: Style, hanging: str, rng: random.Random) -> str:
    """The text of one logical line; whitespace changes only next to brackets, commas and operators."""
    parts: list[str] = []
    breaking: list[bool] = []  # for each open bracket, whether lines break after its commas
    before = _Token(tokenize.NEWLINE, "", "")
    for one in tokens:
        opened = before.kind == tokenize.OP and before.text in _OPEN
        closes = one.kind == tokenize.OP and one.text in _CLOSE
        if opened:
            breaking.append(rng.random() < style.broken)
        gap = one.gap
        if breaking and breaking[-1] and before.text == ",":
            gap = "\n" + hanging
        elif opened or closes:
            gap = " " if style.padded and not (opened and closes) else ""
        elif parts and any(side.kind == tokenize.OP and side.text in _SPACED for side in (before, one)):
            gap = "" if style.tight else " " if before.text == "," else gap
        if closes:
            breaking.pop()
        parts += [gap, one.text]
        before = one
    return "".join(parts)
