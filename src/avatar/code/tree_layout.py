"""Changes the layout of code by its syntax tree, for languages in which line ends or blanks can have a meaning."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from tree_sitter import Node

from avatar.code.layout import SPACED, Look, random_look, remark

_TRIES = 8
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_MARKS = (*_OPENING, *_CLOSING, ",", ";")
_BEFORE_BLOCK = ("else", "do", "try", "finally")
_OPERATORS = SPACED - {"?"}  # `? .5` without the blank has other tokens
_CHAINED = (".", "?.", "&.")
_GOES_ON = ("(", "[", ",", "=", "+", "-", "*", "/", "%", "&", "|", "<", ">", "?", ":", ".")


@dataclass(frozen=True)
class TreeLayout:
    """The rules of a language. Lines are never broken or joined, except before the `{` of a body.

    `whole` are the kinds of nodes whose text does not change, such as strings. `markup` are the kinds of nodes in which
    the blanks between the parts are text, `text` is the kind of a leaf with such text; there, only the indentation
    changes. `brace_moves`: the `{` of a body may begin a line. `line_comment`: new comments begin with it; if empty,
    they are those of C. `flush` begins a comment that stays at the start of its line. `commands`: a blank before `(`
    has a meaning, for a call needs no brackets.
    """

    whole: frozenset[str]
    markup: frozenset[str] = frozenset()
    text: str = ""
    brace_moves: bool = True
    line_comment: str = ""
    flush: str = ""
    commands: bool = False


@dataclass(slots=True)
class _Atom:
    """A token or a comment, with the blanks before it (comments that were left out are blanks)."""

    text: str
    gap: str
    comment: bool
    in_markup: bool
    level: int
    """Level of indentation of its line."""
    body_level: int | None
    """If it may be the `{` of a body: the level of the line on which the statement begins."""


def relayout(
    root: Node, source: bytes, span: tuple[int, int], comments: frozenset[str], rules: TreeLayout, random: Random
) -> str:
    """The code in `span` of `source` in a random layout, such as people use; the tokens do not change.

    `comments` are the kinds of nodes that are comments. If a layout changes only the indentation, others are tried.
    """
    code = source[slice(*span)].decode()
    look = random_look(random)
    made = code
    for _ in range(_TRIES):
        made = _joined(_atoms(root, source, span, comments, look.comments, rules), look, rules, random)
        if made.split() != code.split() or made.strip().count("\n") != code.strip().count("\n"):
            break
        look = replace(random_look(random), tight=not look.tight, brace_on_own_line=True)
    return made


class _Part(NamedTuple):
    """A node on the way from the root to a leaf; `field` is its role in its parent."""

    kind: str
    start: int
    row: int
    field: str | None


def _leaves(root: Node, whole: frozenset[str]) -> Iterator[tuple[Node, list[_Part]]]:
    """The leaves in order, each with its ancestors, the root first; a node of a kind in `whole` is a leaf."""
    cursor = root.walk()
    path: list[_Part] = []
    while (node := cursor.node) is not None:
        part = _Part(node.type, node.start_byte, node.start_point.row, cursor.field_name)
        if node.type not in whole and cursor.goto_first_child():
            path.append(part)
            continue
        yield node, path
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            path.pop()


def _atoms(
    root: Node, source: bytes, span: tuple[int, int], comments: frozenset[str], kept: bool, rules: TreeLayout
) -> Iterator[_Atom]:
    """The atoms of the code in `span`; without comments if `kept` is false."""
    levels = _Levels(source)
    end = span[0]
    gap = ""
    for node, path in _leaves(root, rules.whole | comments):
        if node.start_byte < span[0] or node.end_byte > span[1]:
            continue
        text = source[node.start_byte : node.end_byte].decode()
        start, skipped = node.start_byte, 0
        in_markup = next((part.kind for part in reversed(path) if part.start < end), "") in rules.markup
        if node.type == rules.text:
            lead = text[: len(text) - len(text.lstrip())]
            if "\n" in lead:
                start, skipped, text = start + len(lead.encode()), lead.count("\n"), text[len(lead) :]
            tail = text[len(text.rstrip()) :]
            text = text.rstrip() if "\n" in tail else text
        elif node.type in comments or not text.strip():
            text = text.rstrip()
        if not text:
            continue
        gap += source[end:start].decode()
        end = start + len(text.encode())
        if node.type in comments and not kept:
            gap += "\n" * text.count("\n") or " "
            continue
        if "\n" in gap or not end:
            levels.begin(start, node.start_point.row + skipped)
        opens = text == "{" and len(path) > 1 and path[-1].field is not None
        body_level = levels.of_row(path[-2].row) if opens else None
        yield _Atom(text, gap, node.type in comments, in_markup, levels.now, body_level)
        gap = ""


class _Levels:
    """Levels of indentation in the source: a line is one level deeper than the last line that is indented less."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.widths = [0]
        self.rows: dict[int, int] = {}
        self.now = 0

    def begin(self, start: int, row: int) -> None:
        """The line of this row begins with the code at `start`."""
        line = self.source.rfind(b"\n", 0, start) + 1
        before = self.source[line:start].expandtabs(4)
        width = len(before) - len(before.lstrip())
        while len(self.widths) > 1 and self.widths[-1] > width:
            self.widths.pop()
        if width > self.widths[-1]:
            self.widths.append(width)
        self.now = len(self.widths) - 1
        self.rows[row] = self.now

    def of_row(self, row: int) -> int:
        """The level of a line before; of the present line, if another token is the first of that line."""
        return self.rows.get(row, self.now)


def _joined(atoms: Iterable[_Atom], look: Look, rules: TreeLayout, random: Random) -> str:
    parts: list[str] = []
    before: _Atom | None = None
    brackets: list[tuple[str, int]] = []  # each with the level of the first line inside, or -1
    for atom in atoms:
        lines, level = atom.gap.count("\n"), atom.level
        if before is None:
            lines = 0
        elif rules.brace_moves and look.brace_on_own_line is not None and _before_body(before, atom):
            lines = int(look.brace_on_own_line)
            level = atom.level if atom.body_level is None else atom.body_level
        hidden = atom.gap.strip()  # some grammars do not show a `;`, or a backslash at the end of a line
        if before is not None and "\\" in hidden:
            parts.append(atom.gap)
        elif lines and before is not None:
            if brackets and brackets[-1][1] < 0:
                brackets[-1] = (brackets[-1][0], level)
            begins = brackets[-1:] == [("{", level)] and _may_begin(before, atom)
            if look.blanks is not None:
                lines = 2 if begins and random.random() < look.blanks else 1
            if atom.text in _CHAINED:
                lines = 1
            if begins and random.random() < look.remarks and not hidden:
                parts.append(f"\n{look.indent * level}{remark(random, rules.line_comment)}")
            flush = rules.flush and atom.comment and atom.text.startswith(rules.flush)
            parts.append(hidden + "\n" * lines + ("" if flush else look.indent * level))
        elif before is not None:
            blank = " " if _spaced(before, atom, look, rules) else ""
            parts.append(atom.gap if atom.in_markup else hidden + blank)
        parts.append(atom.text)
        if not atom.comment and atom.text in _OPENING:
            brackets.append((atom.text, -1))
        elif not atom.comment and atom.text in _CLOSING and brackets:
            brackets.pop()
        before = atom
    return "".join(parts) + "\n"


def _before_body(before: _Atom, atom: _Atom) -> bool:
    """Whether a line may end between the two: the second is the `{` of a body, not of a block or a value."""
    return atom.text == "{" and (before.text in _BEFORE_BLOCK or (before.text == ")" and atom.body_level is not None))


def _may_begin(before: _Atom, atom: _Atom) -> bool:
    """Whether a line that begins with `atom` may follow a blank line, or another comment."""
    if atom.in_markup or atom.text in _CLOSING or atom.text in _CHAINED:
        return False
    return not atom.comment if before.comment else not before.text.endswith(_GOES_ON)


def _spaced(before: _Atom, atom: _Atom, look: Look, rules: TreeLayout) -> bool:
    """Whether to put a space between two atoms of one line. It changes only where that cannot split or join tokens."""
    gap = bool(atom.gap)
    if look.tight is None or before.comment or atom.comment:
        return gap
    first, second = before.text, atom.text
    if first in ("(", "[") or second in (")", "]", ",", ";"):
        return False
    if first == "," or (first == ";" and second != "}"):
        return not look.tight
    if first in _OPERATORS:
        return not look.tight if _is_plain(second) or second[0] in "\"'`!-" else gap
    if second in _OPERATORS:
        return not look.tight if _is_plain(first) or first[-1] in "\"'`" else gap
    if second == "(" and _is_word(first) and not rules.commands:
        return not look.tight and gap
    return gap


def _is_plain(text: str) -> bool:
    """Whether an operator beside it cannot become a part of it."""
    return _is_word(text) or text in _MARKS


def _is_word(text: str) -> bool:
    return all(character.isalnum() or character in "_$" for character in (text[0], text[-1]))
