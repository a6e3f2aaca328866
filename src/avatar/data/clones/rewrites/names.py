"""Renames the function's local variables, its parameters and the function itself."""

import ast
from dataclasses import dataclass, field

from avatar.data.clones.collect import FunctionNode, children, walk
from avatar.data.clones.rewrites.base import COMPREHENSIONS, FunctionContext, blocks, rewrite

REFLECTIVE = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"}) | frozenset(
    {"f_locals", "_getframe", "currentframe", "co_varnames"}
)
"""Names with which code can read its own variables by name. A function that uses one keeps its tree."""


def _mentions(nodes: list[ast.AST], names: frozenset[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)
        for node in nodes
    )


def keeps_tree(function: FunctionNode) -> bool:
    """Whether the tree must not change.

    Either the function may read its own variables by name, or one of its inner blocks has a global or nonlocal
    statement, and moved code could use the name before it.
    """
    inner = (statement for block in list(blocks(function))[1:] for statement in block.statements)
    return _mentions(walk(function), REFLECTIVE) or any(isinstance(one, ast.Global | ast.Nonlocal) for one in inner)


@dataclass(eq=False)
class _Scope:
    kind: str
    bound: set[str] = field(default_factory=set)


class _Names:
    """Walks through a function once and records which scopes bind and use each name, and which names are `fixed`."""

    def __init__(self, function: FunctionNode, nodes: list[ast.AST]) -> None:
        self.fixed: set[str] = set()
        self.uses: list[tuple[str, tuple[_Scope, ...]]] = []
        self.scopes: list[_Scope] = []
        self._function(function, ())
        if _mentions(nodes, frozenset({function.name})):  # it may call itself with keyword arguments
            keywords = (node for node in nodes if isinstance(node, ast.keyword))
            self.fixed.update(node.arg for node in keywords if node.arg)

    def _scope(self, kind: str) -> _Scope:
        self.scopes.append(_Scope(kind))
        return self.scopes[-1]

    def _function(self, node: FunctionNode | ast.Lambda, chain: tuple[_Scope, ...]) -> None:
        spec = node.args
        outside: list[ast.AST | None] = [*spec.defaults, *spec.kw_defaults]
        parameters = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        parameters += [one for one in (spec.vararg, spec.kwarg) if one is not None]
        scope = self._scope("function")
        if not isinstance(node, ast.Lambda):
            outside += [*node.decorator_list, node.returns, *(one.annotation for one in parameters)]
            self.fixed.update(getattr(one, "name", "") for one in getattr(node, "type_params", ()))
        for part in outside:
            if part is not None:
                self.visit(part, chain)
        for one in parameters:
            scope.bound.add(one.arg)
            if chain:  # code outside may call a nested function with keyword arguments
                self.fixed.add(one.arg)
        for part in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(part, (*chain, scope))

    def _bind(self, name: str | None, chain: tuple[_Scope, ...]) -> None:
        if name is not None:
            chain[-1].bound.add(name)

    def visit(self, node: ast.AST, chain: tuple[_Scope, ...]) -> None:
        if isinstance(node, ast.Name):
            self.uses.append((node.id, chain))
            if not isinstance(node.ctx, ast.Load):
                chain[-1].bound.add(node.id)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if not isinstance(node, ast.Lambda):
                self._bind(node.name, chain)
                self.fixed.add(node.name)
            self._function(node, chain)
            return
        if isinstance(node, COMPREHENSIONS):
            inner = (*chain, self._scope("comprehension"))
            first = node.generators[0].iter
            self.visit(first, chain)
            for child in children(node):
                if isinstance(child, ast.comprehension):
                    for part in children(child):
                        if part is not first:
                            self.visit(part, inner)
                else:
                    self.visit(child, inner)
            return
        self._note(node, chain)
        if isinstance(node, ast.ClassDef):
            outer = [*node.bases, *node.keywords, *node.decorator_list]
            for part in outer:
                self.visit(part, chain)
            body = (*chain, self._scope("class"))
            for statement in node.body:
                self.visit(statement, body)
            return
        for child in children(node):
            self.visit(child, chain)

    def _note(self, node: ast.AST, chain: tuple[_Scope, ...]) -> None:
        if isinstance(node, ast.NamedExpr):
            owner = next(scope for scope in reversed(chain) if scope.kind != "comprehension")
            owner.bound.add(node.target.id)
            self.fixed.add(node.target.id)
        elif isinstance(node, ast.ClassDef):
            self._bind(node.name, chain)
            self.fixed.add(node.name)
            inside = [name for part in walk(node) for name in _stored(part)]
            self.fixed.update(inside)  # a class body reads names from itself, then from the globals
        elif isinstance(node, ast.Global | ast.Nonlocal):
            self.fixed.update(node.names)
        elif isinstance(node, ast.alias):
            name = (node.asname or node.name).split(".")[0]
            self._bind(name, chain)
            self.fixed.add(name)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            self._bind(node.name, chain)
        elif isinstance(node, ast.MatchMapping):
            self._bind(node.rest, chain)

    def renameable(self) -> set[str]:
        free = {name for name, chain in self.uses if not any(name in scope.bound for scope in chain)}
        bound = {name for scope in self.scopes for name in scope.bound}
        return {name for name in bound - free - self.fixed if not name.startswith("__") and name not in _KEPT}


_KEPT = frozenset({"self", "cls", "mcs", "metacls", "_"})


def _stored(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return []


def renameable(function: FunctionNode) -> set[str]:
    """Names that are local to the function at every occurrence, so that all occurrences may be renamed.

    Not included: globals, builtins and attributes; names in global, nonlocal and import statements, in classes and
    in signatures of nested functions; self and cls. The function's own parameters are included.
    """
    return set() if keeps_tree(function) else _Names(function, walk(function)).renameable()


def own_names(context: FunctionContext) -> set[str]:
    """Like `renameable`, for a function whose tree may change."""
    return _Names(context.function, context.nodes()).renameable()


def rename(nodes: list[ast.AST], table: dict[str, str]) -> None:
    """Rename the variables of `table` (old to new name) in a function's nodes, in place."""
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = table.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = table.get(node.arg, node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            node.name = table.get(node.name, node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            node.rest = table.get(node.rest, node.rest)


def _rename_share(context: FunctionContext, share: float) -> bool:
    names = sorted(own_names(context))  # the order of a set differs between runs
    table = {name: context.fresh() for name in names if context.chance(share)}
    rename(context.nodes(), table)
    return bool(table)


@rewrite("rename_some_locals", 2)
def rename_some_locals(context: FunctionContext) -> bool:
    """Rename about two thirds of the locals and parameters."""
    return _rename_share(context, 0.67)


@rewrite("rename_locals", 2)
def rename_locals(context: FunctionContext) -> bool:
    """Rename all locals and parameters."""
    return _rename_share(context, 1.0)


@rewrite("rename_function", 2)
def rename_function(context: FunctionContext) -> bool:
    """Give the function a new name if it is not a special method and does not use its own name."""
    function = context.function
    if function.name.startswith("__") or _mentions(context.nodes(), frozenset({function.name})):
        return False
    function.name = context.fresh_function()
    return True
