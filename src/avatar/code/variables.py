"""Finds the local variables of a function, so that all occurrences of a name can be renamed together.

Scopes are intervals of bytes. A name is left out if one of its occurrences may mean something else: it is used
outside of every scope that declares it, or a macro, an import or a keyword argument mentions it. Leaving a name
out costs a little variety; renaming a wrong one would change the meaning of the code.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tree_sitter import Node

from avatar.code.parsing import Parsed, captures

_WORD = re.compile(rb"\w+")
_KEPT = frozenset({b"self", b"cls", b"mcs", b"metacls", b"_"})
"""Names that are never renamed, in all languages; a language adds its own."""

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Variables:
    """`places`: start bytes of all occurrences in the source, by name, in order of first appearance.

    `function`: name and start byte of the outermost function, if no other code mentions it, so that it may be renamed
    too. `words` are all words of the source, which new names must avoid.
    """

    places: dict[bytes, list[int]]
    function: tuple[bytes, int] | None
    words: frozenset[bytes]


def variables(parsed: Parsed) -> Variables:
    """The local variables and parameters of the functions in a text, without fields and globals."""
    source = parsed.source
    language = parsed.language
    nodes = captures(parsed, language.variables)
    words = _WORD.findall(source)
    known = frozenset(words)
    name = _only_name(nodes.get("name", []), source, words)
    functions = [node.byte_range for node in nodes.get("function", [])]
    if (
        not functions
        or nodes.get("dynamic")
        or not (nodes.get("bind") or nodes.get("wide"))
        or not _encoded(language.reflection).isdisjoint(known)
    ):
        return Variables({}, name, known)
    scopes = _Scopes([*functions, *(node.byte_range for node in nodes.get("scope", []))])
    holes = scopes.holes(nodes.get("hole", []))
    frozen = _frozen(nodes, source, functions, _encoded(language.takes_fields))
    visible: dict[bytes, list[Interval]] = {}
    wide = _Scopes(functions)
    values = _Values(nodes.get("value", []))
    binds = [(node, scopes) for node in nodes.get("bind", [])] + [(node, wide) for node in nodes.get("wide", [])]
    for node, found_in in binds:
        start, end = node.byte_range
        text = source[start:end]
        if text in frozen:
            continue
        scope = found_in.innermost(start)
        if scope is None or not any(low <= start < high for low, high in functions):
            frozen.add(text)
            continue
        intervals = _visible(start, scope, language.hoisted, holes)
        visible.setdefault(text, []).extend(values.cut_from(intervals, start))
    fixed = {node.start_byte for node in nodes.get("fixed", [])}
    occurrences: dict[bytes, list[int]] = {}
    for node in sorted(nodes["use"], key=_start):
        start, end = node.byte_range
        text = source[start:end]
        if text not in visible or text in frozen or start in fixed:
            continue
        if any(low <= start < high for low, high in visible[text]):
            occurrences.setdefault(text, []).append(start)
        else:
            frozen.add(text)
    stays = frozen | _KEPT | _encoded(language.kept)
    kept = {text: starts for text, starts in occurrences.items() if text not in stays and not _special(text)}
    return Variables(kept, name, known)


@cache
def _encoded(names: frozenset[str]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in names)


def _special(text: bytes) -> bool:
    return text.startswith(b"__") or not text.isascii()


def _start(node: Node) -> int:
    return node.start_byte


def _visible(start: int, scope: Interval, hoisted: bool, holes: dict[Interval, Interval]) -> Iterable[Interval]:
    """The intervals in which a variable that is declared at `start` is visible."""
    first = scope[0] if hoisted else start
    if scope not in holes:
        return [(first, scope[1])]
    low, high = holes[scope]
    return [(first, low), (high, scope[1])]


class _Values:
    """The expressions that cannot see the variables which their statement declares before them."""

    def __init__(self, nodes: list[Node]) -> None:
        spans: dict[int, Interval] = {}
        for node in sorted(nodes, key=_start):
            if node.parent is not None:
                first = spans.get(node.parent.start_byte, node.byte_range)
                spans[node.parent.start_byte] = (first[0], max(first[1], node.end_byte))
        self.starts = sorted(spans)
        self.spans = [spans[start] for start in self.starts]

    def cut_from(self, intervals: Iterable[Interval], start: int) -> Iterable[Interval]:
        """`intervals` without the expression that cannot see a variable which is declared at `start`."""
        row = bisect_right(self.starts, start) - 1
        if row < 0 or start >= self.spans[row][0]:
            return intervals
        low, high = self.spans[row]
        return [part for first, end in intervals for part in ((first, min(end, low)), (max(first, high), end))]


class _Scopes:
    """Nested intervals, with a search for the innermost one at an offset."""

    def __init__(self, intervals: list[Interval]) -> None:
        edges = sorted({edge for interval in intervals for edge in interval})
        self.edges = edges
        self.inner: list[Interval | None] = [None] * (len(edges) + 1)
        opened: dict[int, list[Interval]] = {}
        for interval in sorted(set(intervals), key=lambda one: one[0] - one[1]):  # the widest first
            opened.setdefault(interval[0], []).append(interval)
        stack: list[Interval] = []
        for row, edge in enumerate(edges, start=1):
            while stack and stack[-1][1] <= edge:
                stack.pop()
            stack += opened.get(edge, [])
            self.inner[row] = stack[-1] if stack else None

    def innermost(self, offset: int) -> Interval | None:
        return self.inner[bisect_right(self.edges, offset)]

    def holes(self, nodes: list[Node]) -> dict[Interval, Interval]:
        """For each scope with a hole: the interval of its first hole, such as the first iterable of a comprehension."""
        first: dict[Interval, Interval] = {}
        for node in sorted(nodes, key=_start):
            scope = self.innermost(node.start_byte - 1)
            if scope is not None:
                first.setdefault(scope, node.byte_range)
        return first


def _frozen(
    nodes_of: dict[str, list[Node]], source: bytes, functions: list[Interval], takes_fields: frozenset[bytes]
) -> set[bytes]:
    """Names that may mean something else in one of their occurrences."""

    def texts(*kinds: str) -> set[bytes]:
        return {source[node.start_byte : node.end_byte] for kind in kinds for node in nodes_of.get(kind, [])}

    def words(nodes: Iterable[Node]) -> set[bytes]:
        return {word for node in nodes for word in _WORD.findall(source, node.start_byte, node.end_byte)}

    frozen = texts("frozen", "called") | words(nodes_of.get("words", []))
    frozen |= words(
        node for node in nodes_of.get("class", []) if any(low < node.start_byte < high for low, high in functions)
    )
    frozen |= words(  # unseen code may call a nested function with keyword arguments
        node
        for node in nodes_of.get("parameters", [])
        if sum(low < node.start_byte < high for low, high in functions) > 1
    )
    keywords = texts("keyword")
    if keywords:
        frozen |= keywords & words(nodes_of.get("lambda", []))
        if any(source.count(text) > 1 for text in texts("name")):  # a function that calls itself by keyword
            frozen |= keywords
    fields = texts("field")
    for node in nodes_of.get("called", []):
        text = source[node.start_byte : node.end_byte]
        if (text.isupper() or text in takes_fields) and node.parent is not None:
            frozen |= fields & words([node.parent])
    return frozen


def _only_name(nodes: list[Node], source: bytes, words: list[bytes]) -> tuple[bytes, int] | None:
    first = min(nodes, key=_start, default=None)
    if first is None:
        return None
    text = source[first.start_byte : first.end_byte]
    only = words.count(text) == 1 and text != b"main" and not text.startswith(b"__") and text.isascii()
    return (text, first.start_byte) if only else None
