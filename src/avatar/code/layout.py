"""Changes the layout of code with braces (Java, C, C++): indentation, line breaks, spaces, blank lines, comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

_ATOM = re.compile(
    r"""
    (?P<comment> //(?:\\\r?\n|[^\n])* | /\*.*?\*/ )
  | (?P<directive> \#(?:\\\r?\n|/\*.*?\*/|[^\n])* )
  | (?P<space> (?:\s|\\\r?\n)+ )
  | (?P<string> \"{3}.*?(?<!\\)\"{3} | \b(?:u8|[uUL])?R"(?P<fence>[^()\\\s]*)\(.*?\)(?P=fence)"
              | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
  | (?P<word> \.?\d(?:[eEpP][+-]|'?[\w.])* | [\w$]+ )
  | (?P<mark> [()\[\]{},;] )
  | (?P<operator> (?:(?!//|/\*)[-+*/%&|^<>=!~?:.@])+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
SPACED = frozenset(["=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "&&", "||", "?"])
"""Operators that people write with and without blanks."""

_BEFORE_BODY = frozenset([")", "else", "do", "try", "finally"])
_REMARKS = (
    "todo",
    "see above",
    "check this",
    "nothing to do here",
    "for now",
    "done",
    "internal use",
    "should not fail",
    "update the state",
    "next step",
    "keep in sync",
    "as before",
    "cleanup",
    "default case",
    "not needed anymore",
)


@dataclass(frozen=True)
class Look:
    """A layout. Floats are the probability of each possible insertion; None keeps the existing layout."""

    indent: str = "    "
    brace_on_own_line: bool | None = None
    tight: bool | None = None
    comments: bool = True
    remarks: float = 0.0
    blanks: float | None = None


def random_look(random: Random) -> Look:
    """A random layout, such as people use."""
    return Look(
        indent=random.choice(["    ", "  ", "\t", "        "]),
        brace_on_own_line=random.choice([None, True, False]),
        tight=random.choice([None, True, False]),
        comments=random.random() < 0.4,
        remarks=random.choice([0.0, 0.0, 0.1]),
        blanks=random.choice([None, 0.0, 0.0, 0.1, 0.3]),
    )


def reformat_braces(code: str, random: Random) -> str:
    """`code` in a random layout; if that changes nothing, in another one that does."""
    look = random_look(random)
    made = relayout_braces(code, look, random)
    if made.split() != code.split() or made.count("\n") != code.count("\n"):
        return made
    return relayout_braces(code, replace(look, tight=not look.tight, brace_on_own_line=True), random)


@dataclass(slots=True)
class _Atom:
    """One or more tokens that stay together, with the line breaks and the space before them."""

    kind: str
    text: str
    lines: int
    gap: bool


def relayout_braces(code: str, look: Look, random: Random) -> str:
    """`code` in the layout `look`. Tokens, their order, and preprocessor lines do not change."""
    parts: list[str] = []
    depth = parentheses = 0
    before = _Atom("start", "", 0, False)
    for atom in _kept(code, look):
        if atom.text == "}":
            depth = max(0, depth - 1)
        lines = _breaks(before, atom, look)
        if lines:
            ended = before.text in ("{", "}", ";", ":") or before.kind in ("comment", "directive")
            level = depth + (not ended and atom.text not in "{}") + (parentheses > 0)
            indent = "" if atom.kind == "directive" else look.indent * level
            if look.blanks is not None:
                lines = 2 if ended and not parentheses and random.random() < look.blanks else 1
            if before.text in (";", "{", "}") and not parentheses and random.random() < look.remarks:
                parts.append(f"\n{look.indent * depth}{remark(random)}")
            parts.append("\n" * lines + indent)
        elif before.kind != "start" and _spaced(before, atom, look):
            parts.append(" ")
        parts.append(atom.text)
        depth += atom.text == "{"
        parentheses = max(0, parentheses + (atom.text in ("(", "[")) - (atom.text in (")", "]")))
        before = atom
    return "".join(parts) + "\n"


def _kept(code: str, look: Look) -> Iterator[_Atom]:
    """The atoms of the code, without comments if `look.comments` is false."""
    lines, gap = 0, False
    for match in _ATOM.finditer(code):
        kind, text = match.lastgroup or "", match.group()
        if kind == "fence":
            kind = "string"
        if kind == "space":
            lines, gap = lines + text.count("\n"), True
        elif kind == "comment" and not look.comments:
            gap = True
        else:
            yield _Atom(kind, text.rstrip() if kind in ("comment", "directive") else text, lines, gap)
            lines, gap = 0, False


def _breaks(before: _Atom, atom: _Atom, look: Look) -> int:
    """Number of line breaks between two atoms."""
    if before.kind == "start":
        return 0
    if "directive" in (before.kind, atom.kind) or before.text.startswith("//"):
        return max(1, atom.lines)
    if atom.text == "{" and before.text in _BEFORE_BODY and look.brace_on_own_line is not None:
        return int(look.brace_on_own_line)
    return atom.lines


def _spaced(before: _Atom, atom: _Atom, look: Look) -> bool:
    """Whether to put a space between two atoms of one line. It changes only where that cannot split or join tokens."""
    if look.tight is None or "comment" in (before.kind, atom.kind):
        return atom.gap or atom.text == "{"
    first, second = before.text, atom.text
    if first in ("(", "[") or second in (")", "]", ",", ";"):
        return False
    if first == "," or (first == ";" and second != "}"):
        return not look.tight
    if first in SPACED or second in SPACED:
        other = atom if first in SPACED else before
        return not look.tight if other.kind in ("word", "mark") else atom.gap
    if second == "(" and before.kind == "word":
        return not look.tight and atom.gap
    return atom.gap or second == "{"


def remark(random: Random, mark: str = "") -> str:
    """A comment that says nothing, after `mark` or in one of the forms of C."""
    text = random.choice(_REMARKS)
    if mark:
        return f"{mark} {text}"
    return f"// {text}" if random.random() < 0.5 else f"/* {text} */"
