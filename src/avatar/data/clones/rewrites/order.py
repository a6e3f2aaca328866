"""Swaps neighbouring statements that are proven independent."""

import ast

from avatar.data.clones.collect import walk
from avatar.data.clones.rewrites.base import SCOPES, FunctionContext, rewrite

_PLAIN_OPERATORS = (ast.USub, ast.UAdd, ast.Invert)


def is_inert(value: ast.expr) -> bool:
    """Whether evaluating `value` calls nothing and reads only variables and constants.

    Attributes, subscripts, operators and comparisons are not inert: any class may define them.
    """
    if isinstance(value, ast.Constant | ast.Name):
        return True
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, _PLAIN_OPERATORS) and isinstance(value.operand, ast.Constant)
    if isinstance(value, ast.List | ast.Tuple):
        return all(is_inert(part) for part in value.elts)
    if isinstance(value, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in value.keys) and all(map(is_inert, value.values))
    return False


def _written(statement: ast.stmt) -> set[str] | None:
    """Names that an inert assignment writes; None for every other statement."""
    if not isinstance(statement, ast.Assign) or not is_inert(statement.value):
        return None
    if not all(isinstance(target, ast.Name) for target in statement.targets):
        return None
    return {target.id for target in statement.targets if isinstance(target, ast.Name)}


def _read(statement: ast.stmt) -> set[str]:
    nodes = walk(statement)
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


@rewrite("swap_statements", 3, ast.Assign)
def swap_statements(context: FunctionContext) -> bool:
    """Swap two neighbouring inert assignments that share no name either of them writes.

    Reading an unbound variable can raise, and then the order could be seen by a handler or a closure:
    in a function with either, both statements may read nothing but parameters.
    """
    function = context.function
    declared = context.declared()
    watched = context.has(ast.Try, ast.TryStar, ast.With, ast.AsyncWith) or any(
        isinstance(node, SCOPES) and node is not function for node in context.nodes()
    )
    spec = function.args
    parameters = {one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    parameters -= {name for node in context.nodes() if isinstance(node, ast.Delete) for name in _deleted(node)}
    changed = False
    for block in context.blocks():
        statements = block.statements
        at = 0
        while at + 1 < len(statements):
            one, two = statements[at], statements[at + 1]
            first, second = _written(one), _written(two)
            at += 1
            if first is None or second is None or (first | second) & declared:
                continue
            reads = _read(one) | _read(two)
            if first & (second | _read(two)) or second & _read(one) or (watched and not reads <= parameters):
                continue
            if context.chance():
                statements[at - 1 : at + 1] = [two, one]
                changed = True
                at += 1
    return changed


def _deleted(node: ast.Delete) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
