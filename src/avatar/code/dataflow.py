"""The data flow of a function (Guo et al. 2021): its tokens, and where the value of each variable comes from."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from avatar.code.flow_rules import WHOLE, DataFlow
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
    """The tokens of a syntax tree in order, and the steps of its nodes (a `flow_rules.Reader`)."""

    def __init__(self, parsed: Parsed, rules: DataFlow) -> None:
        self.texts: list[str] = []
        self._rules = rules
        self._depth = 0
        self._starts: list[int] = []
        self._indices: dict[tuple[int, int], int] = {}
        self._named: list[int] = []
        self._named_starts: list[int] = []
        self._read(parsed)

    def _read(self, parsed: Parsed) -> None:
        source, documentation = parsed.source, self._rules.documentation
        skipped = parsed.language.comments | self._rules.skipped
        first, last = parsed.before, len(parsed.source) - parsed.after
        nodes = [parsed.root]
        while nodes:
            node = nodes.pop()
            kind = node.type
            if kind in skipped:
                continue
            children = node.children
            if children and kind != WHOLE:
                if kind != documentation or [child.type for child in children] != [WHOLE]:
                    nodes += children[::-1]
                continue
            start, end = node.start_byte, node.end_byte
            if start < first or end > last:
                continue
            text = source[start:end].decode("utf-8", "replace").replace("\n", "")
            index = len(self.texts)
            self.texts.append(text)
            self._indices[start, end] = index
            if text and kind != text:
                self._named.append(index)
                self._named_starts.append(start)

    def steps(self, nodes: Iterable[Node]) -> list[Step]:
        """The steps of these nodes in this order, each by the rule of its kind."""
        made: list[Step] = []
        rules, declares, silent = self._rules.rules, self._rules.names, self._rules.declared_only
        stack = list(nodes)[::-1]
        while stack:
            node = stack.pop()
            kind = node.type
            rule = rules.get(kind)
            if rule is not None:
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    raise TooDeep
                made += rule.steps(node, self)
                self._depth -= 1
            elif kind != WHOLE and (children := node.children):
                stack += children[::-1]
            else:
                index = self._indices.get((node.start_byte, node.end_byte))
                if index is not None and kind != (text := self.texts[index]) and text:
                    made.append(Use(index, not silent and kind in declares, silent))
        return made

    def names(self, nodes: Iterable[Node]) -> list[int]:
        """Indices of the tokens in these nodes that are names or values, not keywords or signs."""
        made: list[int] = []
        for node in nodes:
            low = bisect_left(self._named_starts, node.start_byte)
            made += self._named[low : bisect_left(self._named_starts, node.end_byte, low)]
        return made
