"""How values move in a language: which nodes of its grammar define, change, branch or repeat."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tree_sitter import Node

from avatar.code.flow_steps import COMES, COMPUTED, Branch, Loop, Step, Use, Write

WHOLE = "string"
"""A node of this kind is one token."""

Select = Callable[[Node], Sequence[Node]]
"""Parts of a node."""


class Reader(Protocol):
    """A syntax tree whose steps are read."""

    def steps(self, nodes: Iterable[Node]) -> list[Step]:
        """The steps of these nodes in this order, each by the rule of its kind."""

    def names(self, nodes: Iterable[Node]) -> list[int]:
        """Indices of the tokens in these nodes that are names or values, not keywords or signs."""


class Rule(Protocol):
    """What a kind of node does with values."""

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The steps of a node of this kind."""


def fields(*names: str) -> Select:
    """The children in these fields."""
    return lambda node: [child for name in names for child in node.children_by_field_name(name)]


BODY, CONDITION, LEFT, NAME, RIGHT, VALUE = map(fields, ("body", "condition", "left", "name", "right", "value"))
NOTHING = fields()


def after(sign: str) -> Select:
    """The first named child after the first child of the kind `sign`."""

    def select(node: Node) -> Sequence[Node]:
        children = iter(node.children)
        any(child.type == sign for child in children)
        return [child for child in children if child.is_named][:1]

    return select


def itself(node: Node) -> Sequence[Node]:
    """The whole node."""
    return [node]


def all_children(node: Node) -> Sequence[Node]:
    """All children."""
    return node.children


def items_of(*kinds: str) -> Select:
    """The items of a list of one of these kinds; any other node itself."""
    return lambda node: every_item(node) if node.type in kinds else [node]


def every_item(node: Node) -> Sequence[Node]:
    """All children of any node but commas; a token itself."""
    return ([] if node.type == WHOLE else [child for child in node.children if child.type != ","]) or [node]


@dataclass(frozen=True)
class Defines:
    """A definition: the names come from the value, or from nowhere if there is none."""

    name: Select = NAME
    value: Select = VALUE

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The value, then the definition."""
        names, value = reader.names(self.name(node)), self.value(node)
        if not value:
            return [Write(names, (), COMES, joined=True)]
        return [*reader.steps(value), Write(names, reader.names(value), COMES)]


@dataclass(frozen=True)
class Assigns:
    """An assignment: the names on the left are computed from the right. If a side is missing, it does nothing.

    If both sides have the same number of `items`, each item is assigned to its own. `joined`: all sources of a name are
    one entry.
    """

    left: Select = LEFT
    right: Select = RIGHT
    items: Select = itself
    joined: bool = False

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The right side, then the assignment."""
        left, right = self.left(node), self.right(node)
        if not left or not right:
            return []
        targets = [item for part in left for item in self.items(part)]
        values = [item for part in right for item in self.items(part)]
        pairs = [([target], [value]) for target, value in zip(targets, values, strict=False)]
        if len(targets) != len(values):
            pairs, values = [(list(left), list(right))], list(right)
        made = reader.steps(values)
        for target, value in pairs:
            made.append(Write(reader.names(target), reader.names(value), COMPUTED, self.joined))
        return made


@dataclass(frozen=True)
class Updates:
    """An increment: each name in it is computed from all of them. With `signs`, only if one of them is a child."""

    signs: frozenset[str] = frozenset()

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The assignment, or the children."""
        if self.signs and not any(child.type in self.signs for child in node.children):
            return reader.steps(node.children)
        names = reader.names([node])
        return [Write(names, names, COMPUTED)]


@dataclass(frozen=True)
class Branches:
    """Parts of which one runs: the children before the first one of a kind in `others`, and each one from there on.

    `first` runs before, then each part starts from the same state. With a child of a kind in `complete`, one part
    always runs.
    """

    others: frozenset[str]
    complete: frozenset[str] = frozenset()
    first: Select = NOTHING

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """One branch."""
        first, children = self.first(node), node.children
        start = next((row for row, child in enumerate(children) if row and child.type in self.others), len(children))
        parts = [reader.steps(child for child in children[:start] if child not in first)]
        parts += [reader.steps([child]) for child in children[start:] if child.is_named]
        may_skip = not any(child.type in self.complete for child in children)
        return [*reader.steps(first), Branch(parts, may_skip)]


@dataclass(frozen=True)
class Guarded:
    """A statement with its condition behind it: `body` runs after `condition`, or not."""

    body: Select = BODY
    condition: Select = CONDITION

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The condition, and one branch."""
        return [*reader.steps(self.condition(node)), Branch([reader.steps(self.body(node))], may_skip=True)]


@dataclass(frozen=True)
class Repeats:
    """A loop over all children, but `first` runs once before."""

    first: Select = NOTHING

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """One loop."""
        first = self.first(node)
        return [Loop(reader.steps(first), reader.steps(child for child in node.children if child not in first))]


@dataclass(frozen=True)
class Iterates:
    """A loop that in each round does an assignment, and then runs the body; `last` runs once afterwards."""

    assigns: Assigns
    body: Select = BODY
    last: Select = NOTHING

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """One loop."""
        body = [*self.assigns.steps(node, reader), *reader.steps(self.body(node))]
        return [Loop((), body), *reader.steps(self.last(node))]


@dataclass(frozen=True)
class First:
    """Children of the kinds `kinds` run before the others: the `for` of a comprehension."""

    kinds: frozenset[str]

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """All children."""
        return reader.steps(sorted(node.children, key=lambda child: child.type not in self.kinds))


@dataclass(frozen=True)
class Ignores:
    """A node without data flow."""

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """Nothing."""
        return []


@dataclass(frozen=True)
class Declares:
    """Children of the kinds `kinds` are declared here; all others run by their own rules.

    A name that is already known is a new variable if `anew`; otherwise it is only read.
    """

    kinds: frozenset[str] = frozenset({"identifier"})
    anew: bool = True

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """All children."""
        made: list[Step] = []
        for child in node.children:
            if child.type not in self.kinds:
                made += reader.steps([child])
            elif self.anew:
                made.append(Write(reader.names([child]), (), COMES, joined=True))
            else:
                made += [Use(index, declares=True) for index in reader.names([child])]
        return made


@dataclass(frozen=True)
class DataFlow:
    """The data flow of a language: a rule for each kind of node that has one; all other nodes run their children.

    A token of a kind in `names` that is used before it is defined is a variable from there on. If `declared_only`,
    names that are not defined are no variables at all. Nodes of the kinds `skipped` are no tokens, and neither is a
    statement of the kind `documentation` that is only a string.
    """

    rules: Mapping[str, Rule] = field(hash=False)
    names: frozenset[str] = frozenset({"identifier"})
    declared_only: bool = False
    skipped: frozenset[str] = frozenset()
    documentation: str = ""
