"""The interface of a rewrite of a syntax tree, and helpers for all rewrites: new names, blocks, uses of names."""

import ast
import builtins
import keyword
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from avatar.common.registry import Registry
from avatar.data.clones.collect import FunctionNode, walk

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_COMMON = """
acc action amount answer area arr attrs base batch bits block body bound box branch buf bucket
bytes_in cache cell char child chunk code coeff col config content copy count cur current cursor
data default delta depth dest detail digit done edge elem element end entry err event extra field
first flag flags form found frame func group guess handle head hint host i idx info inner inp item j
k key kind kwds label last left length level limit line lines lst mark mask match_ maxval meta mid
minval mode msg n name names newval node note num obj offset op opts other out outer output p pair
parent part parts path pat piece pos prefix prev q queue r rank rec ref rest result ret right root
row s sep seq shift size slot source spec src stack start state status stop suffix t table tag tail
target temp text tmp token total tree typ u unit v val value values w weight width word x y z
"""
WORDS = tuple(_COMMON.split())
"""Local names that are common in Python code, so that renamed code looks ordinary."""

VERBS = "apply build check compute convert fetch fill find get handle load parse read run set update"
NOUNS = "all block data entry field info item line list node one part path record result state text value values"

_RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)


@dataclass(frozen=True)
class Surroundings:
    """Parts of the code around a function: `names` for new variables, `statements` for dead branches.

    The statements bind no variable and contain no yield or await.
    """

    names: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


NO_SURROUNDINGS = Surroundings()


@dataclass(frozen=True)
class Block:
    """A list of statements that run one after the other; `guarded` if it is inside try or with."""

    statements: list[ast.stmt]
    guarded: bool


def blocks(function: FunctionNode) -> Iterator[Block]:
    """Every block of the function, without those of nested functions and classes."""
    stack = [Block(function.body, False)]
    while stack:
        block = stack.pop()
        yield block
        for statement in block.statements:
            if isinstance(statement, SCOPES):
                continue
            guarded = block.guarded or isinstance(statement, ast.Try | ast.TryStar | ast.With | ast.AsyncWith)
            parts: list[ast.AST] = [
                statement,
                *getattr(statement, "handlers", ()),
                *getattr(statement, "cases", ()),
            ]
            for part in parts:
                for field in ("body", "orelse", "finalbody"):
                    inner = getattr(part, field, None)
                    if inner and isinstance(inner, list):
                        stack.append(Block(inner, guarded))


class FunctionContext:
    """One function that is being rewritten, its random generator and the names that are in use.

    `surroundings` are the names and statements for new code.
    """

    def __init__(
        self, function: FunctionNode, rng: random.Random, surroundings: Surroundings = NO_SURROUNDINGS
    ) -> None:
        self.function = function
        self.rng = rng
        self.surroundings = surroundings
        self._nodes: list[ast.AST] = []
        self._kinds: set[type[ast.AST]] = set()
        self._blocks: list[Block] = []
        self.used_names = set(_RESERVED) | identifiers(self.nodes())

    def nodes(self) -> list[ast.AST]:
        """All nodes of the function, cached until `clear_caches` is called."""
        if not self._nodes:
            self._nodes = walk(self.function)
        return self._nodes

    def blocks(self) -> list[Block]:
        """All `blocks` of the function, cached like the nodes."""
        if not self._blocks:
            self._blocks = list(blocks(self.function))
        return self._blocks

    def clear_caches(self) -> None:
        """Clear the caches after the tree has changed. The rewriter does this after each rewrite."""
        self._nodes = []
        self._kinds = set()
        self._blocks = []

    def has(self, *kinds: type[ast.AST]) -> bool:
        """Whether the function contains a node of one of `kinds`."""
        if not self._kinds:
            self._kinds = {type(node) for node in self.nodes()}
        return not self._kinds.isdisjoint(kinds)

    def chance(self, probability: float = 0.8) -> bool:
        """Return True with this probability."""
        return self.rng.random() < probability

    def fresh(self) -> str:
        """A new variable name that does not occur in the function and is no builtin."""
        words = self.surroundings.names
        if words:
            for _ in range(4):
                name = self.rng.choice(words)
                if name not in self.used_names:
                    self.used_names.add(name)
                    return name
        return self._free(self.rng.choice(WORDS))

    def fresh_function(self) -> str:
        """A new function name that does not occur in the function and is no builtin."""
        return self._free(f"{self.rng.choice(VERBS.split())}_{self.rng.choice(NOUNS.split())}")

    def _free(self, name: str) -> str:
        stem, number = name.rstrip("_"), 2
        while name in self.used_names:
            name, number = f"{stem}{number}" if number > 3 else f"{self.rng.choice(WORDS)}_{stem}", number + 1
        self.used_names.add(name)
        return name

    def count(self, name: str) -> int:
        """How often `name` is loaded, stored or deleted anywhere in the function."""
        return sum(1 for node in self.nodes() if isinstance(node, ast.Name) and node.id == name)

    def writes(self, name: str) -> int:
        """How often `name` is stored or deleted anywhere in the function."""
        return sum(
            1
            for node in self.nodes()
            if (isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load))
            or (isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name == name)
            or (isinstance(node, ast.MatchMapping) and node.rest == name)
            or (isinstance(node, ast.alias) and (node.asname or node.name) == name)
            or (isinstance(node, SCOPES) and getattr(node, "name", None) == name)
        )

    @property
    def parameters(self) -> set[str]:
        """Parameters of the function and of functions nested in it."""
        return {node.arg for node in self.nodes() if isinstance(node, ast.arg)}

    def captured(self) -> set[str]:
        """Names that occur inside nested functions, lambdas, classes and comprehensions."""
        names: set[str] = set()
        for node in self.nodes():
            if node is not self.function and isinstance(node, SCOPES + COMPREHENSIONS):
                names |= uses(node)
        return names

    def declared(self) -> set[str]:
        """Names that a global or nonlocal statement anywhere in the function lists."""
        nodes = (node for node in self.nodes() if isinstance(node, ast.Global | ast.Nonlocal))
        return {name for node in nodes for name in node.names}

    def is_builtin(self, name: str) -> bool:
        """Whether the function never binds `name` itself."""
        return not self.writes(name) and name not in self.parameters


@dataclass(frozen=True)
class Rewrite:
    """A change of a syntax tree, in place, that keeps the meaning. `apply` returns whether the tree changed.

    `grade` is the resulting clone type: 1 layout, 2 names and literals, 3 statements. The rewrite is tried only on
    functions with a node of one of the kinds `needs`; empty means on all functions.
    """

    name: str
    grade: int
    apply: Callable[[FunctionContext], bool]
    needs: tuple[type[ast.AST], ...] = ()


REWRITES: Registry[Rewrite] = Registry("rewrite")


def rewrite(
    name: str, grade: int, *needs: type[ast.AST]
) -> Callable[[Callable[[FunctionContext], bool]], Callable[[FunctionContext], bool]]:
    """Decorator that registers a function as a `Rewrite`."""

    def add(apply: Callable[[FunctionContext], bool]) -> Callable[[FunctionContext], bool]:
        REWRITES.register(name)(Rewrite(name, grade, apply, needs))
        return apply

    return add


def uses(*nodes: ast.AST) -> set[str]:
    """Identifiers of all Name nodes and parameters at and below `nodes`."""
    names = set()
    for node in walk(*nodes):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def identifiers(nodes: list[ast.AST]) -> set[str]:
    """All identifiers in `nodes`: variables, parameters, attributes, keywords, imports, pattern captures."""
    names: set[str] = set()
    for node in nodes:
        for field in _IDENTIFIERS.intersection(node._fields):
            value = getattr(node, field, None)
            if isinstance(value, str):
                names.add(value.split(".")[0])
        if isinstance(node, ast.Global | ast.Nonlocal):
            names.update(node.names)
    return names


_IDENTIFIERS = frozenset({"id", "arg", "name", "attr", "asname", "rest"})


def contains(kinds: tuple[type[ast.AST], ...], *nodes: ast.AST) -> bool:
    """Whether a node of one of `kinds` occurs at or below `nodes`."""
    return any(isinstance(node, kinds) for node in walk(*nodes))


def load(name: str) -> ast.Name:
    """The expression `name`."""
    return ast.Name(name, ast.Load())


def assign(name: str, value: ast.expr) -> ast.Assign:
    """The statement `name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value, lineno=0)  # ast.unparse needs a line number


def ends(block: list[ast.stmt]) -> bool:
    """Whether execution never continues after the block's last statement."""
    return bool(block) and isinstance(block[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def negate(test: ast.expr) -> ast.expr:
    """An expression that is true if `test` is false. Correct for every type, so == does not become !=."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)
