"""Swaps neighbouring statements that are certainly independent."""

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
    """Swap two neighbouring inert assignments if neither reads or writes a name that the other one writes.

    Reading an unbound variable can raise, and an exception handler or a closure could then observe the order.
    In a function with one of these, both statements may read only parameters.
    """
    function = context.function
    declared = context.declared()
    observable = context.has(ast.Try, ast.TryStar, ast.With, ast.AsyncWith) or any(
        isinstance(node, SCOPES) and node is not function for node in context.nodes()
    )
    spec = function.args
    parameters = {one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    parameters -= {name for node in context.nodes() if isinstance(node, ast.Delete) for name in _deleted(node)}
    changed = False
    for block in context.blocks():
        statements = block.statements
        index = 0
        while index + 1 < len(statements):
            one, two = statements[index], statements[index + 1]
            first, second = _written(one), _written(two)
            index += 1
            if first is None or second is None or (first | second) & declared:
                continue
            reads = _read(one) | _read(two)
            if first & (second | _read(two)) or second & _read(one) or (observable and not reads <= parameters):
                continue
            if context.chance():
                statements[index - 1 : index + 1] = [two, one]
                changed = True
                index += 1
    return changed


def _deleted(node: ast.Delete) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
