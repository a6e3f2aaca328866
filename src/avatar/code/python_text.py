"""Locates header, docstring and body of a Python function without a parser."""

import re
from collections.abc import Sequence
from itertools import pairwise

_HEADER = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+\w", re.MULTILINE)

_STRING = r"""(?:
    \"{3}(?:[^"\\]|\\.|"(?!""))*+\"{3}
  | '{3}(?:[^'\\]|\\.|'(?!''))*+'{3}
  | "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+'
)"""
_TOKEN = re.compile(
    rf"""(?P<string>{_STRING}) | \#[^\n]*+ | \\\n
    | (?P<open>[(\[{{]) | (?P<close>[)\]}}]) | (?P<colon>:(?!=)) | (?P<line>\n)""",
    re.VERBOSE | re.DOTALL,
)
_DOCSTRING = re.compile(
    rf"[ \t]+[rRuU]?{_STRING}(?:[ \t]*[rRuU]?{_STRING})*+[ \t]*+(?:\#[^\n]*+)?\n", re.VERBOSE | re.DOTALL
)
_NO_CODE = re.compile(r"(?:[^\S\n]*+(?:#[^\n]*+)?\n)*+")
_OPENS_BLOCK = re.compile(
    r"[ \t]*(?:if|elif|else|for|while|try|except|finally|with|match|case|async|def|class)\b.*:\s*(?:#.*)?$"
)


def has_header(text: str) -> bool:
    """Whether a line of `text` begins a function."""
    return "def" in text and _HEADER.search(text) is not None


def without_docstring(lines: Sequence[str]) -> list[str]:
    """`lines` of a function without its docstring. It stays if it shares a line with code, or is the whole body.

    A second string after the docstring is removed too: otherwise it would become the docstring.
    """
    start = _body(lines)
    if start is None:
        return list(lines)
    margin = _indent(lines[_header(lines)])
    text = "\n".join(lines[start:]) + "\n"
    kept, end = [], 0
    while (span := _docstring(text, end)) is not None and _goes_on(text, span[1], margin):
        kept.append(text[end : span[0]])
        end = span[1]
    return [*lines[:start], *("".join(kept) + text[end:-1]).split("\n")]


def realigned(lines: Sequence[str]) -> list[str]:
    """`lines`, the first at column 0; the others are moved left if the function was cut out of a class.

    With decorators, the header's indentation gives the distance. Without, blocks in the body give the width of a level.
    """
    moved = list(lines)
    header = _header(moved)
    if header < 0:
        return moved
    if margin := _indent(moved[header]):
        moved[1:] = [line.removeprefix(" " * margin) for line in moved[1:]]
    start = _body(moved)
    if start is None:
        return moved
    body = "\n".join(moved[start:]) + "\n"
    docstring = _docstring(body, 0)
    code = [line for line in body[docstring[1] if docstring else 0 :].split("\n") if line and not _is_comment(line)]
    depth = _indent(code[0]) if code else 0
    level = next(
        (
            _indent(inner) - _indent(outer)
            for outer, inner in pairwise(code)
            if _indent(inner) > _indent(outer) >= depth and _OPENS_BLOCK.match(outer)
        ),
        0,
    )
    if 0 < level < depth and depth % level == 0:
        moved[start:] = [line.removeprefix(" " * (depth - level)) for line in moved[start:]]
    return moved


def _header(lines: Sequence[str]) -> int:
    """The row of the first `def`; -1 if there is none."""
    return next((row for row, line in enumerate(lines) if _HEADER.match(line)), -1)


def _body(lines: Sequence[str]) -> int | None:
    """The row after the header's colon; None if the body begins on the header's line, or there is no body."""
    header = _header(lines)
    if header < 0:
        return None
    text, depth, colon = "\n".join(lines[header:]), 0, False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "line" and colon:
            return header + text.count("\n", 0, token.end())
        if kind == "line" and not depth:
            return None
        if colon or kind is None:
            continue
        depth += (kind == "open") - (kind == "close")
        if kind == "colon" and not depth:
            rest = text[token.end() : (text + "\n").index("\n", token.end())].strip()
            if rest and not rest.startswith("#"):
                return None
            colon = True
    return None


def _docstring(body: str, start: int) -> tuple[int, int] | None:
    """Start and end, in whole lines, of a string that is the first code of a body after `start`, if any."""
    match = _DOCSTRING.match(body, _next_code(body, start))
    return None if match is None else match.span()


def _goes_on(body: str, start: int, margin: int) -> bool:
    """Whether the next line of code belongs to the function whose header is indented by `margin`."""
    code = _next_code(body, start)
    return code < len(body) and _indent(body[code : body.index("\n", code)]) > margin


def _next_code(body: str, start: int) -> int:
    """Start of the first line from `start` on that is neither blank nor a comment."""
    match = _NO_CODE.match(body, start)
    return match.end() if match else start


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
