"""The data flow of a function (Guo et al. 2021): its tokens, and where the value of each variable comes from."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from avatar.code.flow_rules import WHOLE, DataFlow, Rule
from avatar.code.flow_steps import Edges, Flow, Step, TooManySteps, Use
from avatar.code.languages import LANGUAGES
from avatar.code.parsing import Parsed, parse_with_errors

MAX_DEPTH = 100
"""Deepest nesting of definitions, branches and loops."""


class Edge(NamedTuple):
    """The value of variable `name`, the one at `token`, comes from the tokens at `sources`.

    `kind` is comesFrom (the same value) or computedFrom (a new one). `source_names` are the texts of the sources;
    inside loops, and for a value that is only read, each text once. A variable without sources is there if it is one
    itself.
    """

    name: str
    token: int
    kind: str
    source_names: list[str]
    sources: list[int]


class CodeFlow(NamedTuple):
    """The tokens of a function without comments, and the edges by ascending index of their variable."""

    tokens: list[str]
    edges: list[Edge]


def data_flow(code: str, language: str) -> CodeFlow | None:
    """The tokens and the data flow of a function, also with syntax errors.

    None if the text is too long, too deeply nested or too slow to parse, or its flow has too many edges: the limits are
    `parsing.MAX_BYTES`, `parsing.SECONDS`, `MAX_DEPTH` and `flow_steps.MAX_STEPS`. A language without data flow is a
    ConfigError.
    """
    declared = LANGUAGES.get(language)
    parsed = parse_with_errors(code, language)
    if parsed is None:
        return None
    tree = _Tree(parsed, declared.data_flow)
    flow = Flow(tree.texts)
    try:
        flow.run(tree.steps([parsed.root]))
    except (TooDeep, TooManySteps):
        return None
    return CodeFlow(tree.texts, list(_connected(tree.texts, flow.edges)))


def _connected(texts: list[str], edges: Iterable[Edges]) -> Iterable[Edge]:
    """The edges without those of variables that have no source and are none."""
    ordered = sorted(edges, key=lambda edge: edge.index)
    used = {index for edge in ordered for index in edge.sources} | {edge.index for edge in ordered if edge.sources}
    for edge in ordered:
        if edge.index in used:
            names = [texts[index] for index in edge.sources]
            if edge.merged or edge.kind == "comesFrom":
                names = list(dict.fromkeys(names))
            yield Edge(texts[edge.index], edge.index, edge.kind, names, edge.sources)


class TooDeep(Exception):
    """Rules are nested deeper than `MAX_DEPTH`."""


class _Tree:
    """The tokens of a syntax tree in order, and the steps of its nodes (a `flow_rules.Reader`).

    The tree is walked once. Tokens that are names or values, and nodes that have a rule, are kept in order; the steps
    of a node are those in its range of bytes.
    """

    def __init__(self, parsed: Parsed, rules: DataFlow) -> None:
        self.texts: list[str] = []
        self._named: list[int] = []
        self._uses: list[Step] = []
        self._starts: list[int] = []
        self._ruled: list[tuple[Node, Rule, int]] = []
        self._ruled_starts: list[int] = []
        self._current = -1
        self._depth = 0
        self._read(parsed, rules)

    def _read(self, parsed: Parsed, flow: DataFlow) -> None:
        source, rules, documentation = parsed.source, flow.rules, flow.documentation
        skipped, silent = parsed.language.comments | flow.skipped, flow.declared_only
        names = frozenset() if silent else flow.names
        first, last = parsed.before, len(source) - parsed.after
        nodes = [parsed.root]
        while nodes:
            node = nodes.pop()
            kind = node.type
            if kind in skipped:
                continue
            if kind != WHOLE and node.child_count:
                children = node.children
                if kind == documentation and len(children) == 1 and children[0].type == WHOLE:
                    continue
                rule = rules.get(kind)
                if rule is not None:
                    self._ruled.append((node, rule, node.end_byte))
                    self._ruled_starts.append(node.start_byte)
                nodes += children[::-1]
                continue
            start, end = node.start_byte, node.end_byte
            if start < first or end > last:
                continue
            text = source[start:end].decode("utf-8", "replace")
            if "\n" in text:
                text = text.replace("\n", "")
            if text and kind != text:
                self._named.append(len(self.texts))
                self._uses.append(Use(len(self.texts), kind in names, silent))
                self._starts.append(start)
            self.texts.append(text)

    def steps(self, nodes: Iterable[Node]) -> list[Step]:
        """The steps of these nodes in this order, each by the rule of its kind."""
        made: list[Step] = []
        for node in nodes:
            self._add(node.start_byte, node.end_byte, made)
        return made

    def _add(self, start: int, end: int, made: list[Step]) -> None:
        outer = self._current
        row = bisect_left(self._ruled_starts, start, outer + 1)
        low = bisect_left(self._starts, start)
        while row < len(self._ruled) and self._ruled_starts[row] < end:
            node, rule, node_end = self._ruled[row]
            if node_end > end:  # it contains all of this range
                row += 1
                continue
            made += self._uses[low : bisect_left(self._starts, self._ruled_starts[row], low)]
            self._current, self._depth = row, self._depth + 1
            if self._depth > MAX_DEPTH:
                raise TooDeep
            made += rule.steps(node, self)
            self._current, self._depth = outer, self._depth - 1
            low = bisect_left(self._starts, node_end, low)
            row = bisect_left(self._ruled_starts, node_end, row + 1)
        made += self._uses[low : bisect_left(self._starts, end, low)]

    def names(self, nodes: Iterable[Node]) -> list[int]:
        """Indices of the tokens in these nodes that are names or values, not keywords or signs."""
        made: list[int] = []
        for node in nodes:
            low = bisect_left(self._starts, node.start_byte)
            made += self._named[low : bisect_left(self._starts, node.end_byte, low)]
        return made
