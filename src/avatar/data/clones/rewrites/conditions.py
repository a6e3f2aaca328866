"""Rewrites conditions: De Morgan's laws, mirrored and chained comparisons."""

import ast

from avatar.data.clones.rewrites.base import FunctionContext, load, rewrite
from avatar.data.clones.rewrites.names import own_names

_MIRROR: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}


class _Expressions(ast.NodeTransformer):
    """Visits expressions that Python evaluates, but not the patterns of a match statement."""

    def __init__(self, context: FunctionContext) -> None:
        self.context = context
        self.changed = False

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        node.guard = self.visit(node.guard) if node.guard else None
        node.body = [self.visit(statement) for statement in node.body]
        return node


@rewrite("mirror_comparison", 3, ast.Compare)
def mirror_comparison(context: FunctionContext) -> bool:
    """`x < 1` becomes `1 > x`, only for number and string constants: their types let x decide the result."""
    changed = False
    for node in context.nodes():
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in _MIRROR:
            continue
        right = node.comparators[0]
        plain = isinstance(right, ast.Constant) and type(right.value) in (int, str, bytes, float)
        if plain and context.chance():
            node.left, node.ops, node.comparators = right, [_MIRROR[type(node.ops[0])]()], [node.left]
            changed = True
    return changed


class _DeMorgan(_Expressions):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.BoolOp) and self.context.chance():
            self.changed = True
            operator = ast.Or() if isinstance(inner.op, ast.And) else ast.And()
            return ast.BoolOp(operator, [ast.UnaryOp(ast.Not(), value) for value in inner.values])
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        operands = [
            value.operand for value in node.values if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
        ]
        if len(operands) == len(node.values) and self.context.chance():
            self.changed = True
            operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return ast.UnaryOp(ast.Not(), ast.BoolOp(operator, operands))
        return node


@rewrite("de_morgan", 3, ast.BoolOp)
def de_morgan(context: FunctionContext) -> bool:
    """`not (a and b)` becomes `not a or not b`, and back; both forms give bools."""
    transformer = _DeMorgan(context)
    transformer.visit(context.function)
    return transformer.changed


class _Unchain(_Expressions):
    def __init__(self, context: FunctionContext) -> None:
        super().__init__(context)
        self.own: set[str] | None = None

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 2:
            return node
        middle = node.comparators[0]
        if isinstance(middle, ast.Name):
            if self.own is None:
                self.own = own_names(self.context)
            if middle.id not in self.own:
                return node
            again: ast.expr = load(middle.id)
        elif isinstance(middle, ast.Constant):
            again = ast.Constant(middle.value)
        else:
            return node
        self.changed = True
        first = ast.Compare(node.left, [node.ops[0]], [middle])
        return ast.BoolOp(ast.And(), [first, ast.Compare(again, [node.ops[1]], [node.comparators[1]])])


@rewrite("unchain_comparison", 3, ast.Compare)
def unchain_comparison(context: FunctionContext) -> bool:
    """`a < b < c` becomes `a < b and b < c` if b is a constant or a local variable."""
    if not any(isinstance(node, ast.Compare) and len(node.ops) == 2 for node in context.nodes()):
        return False
    transformer = _Unchain(context)
    transformer.visit(context.function)
    return transformer.changed
