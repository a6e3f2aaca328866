"""Exchanges loop forms: append loops and comprehensions, for and while, enumerate and a counter."""

import ast

from avatar.data.clones.collect import walk
from avatar.data.clones.rewrites.base import (
    COMPREHENSIONS,
    SCOPES,
    FunctionContext,
    assign,
    contains,
    load,
    negate,
    rewrite,
    uses,
)
from avatar.data.clones.rewrites.names import REFLECTIVE

_SUSPENDING = (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)
_LAZY = (ast.Lambda, ast.GeneratorExp)


def _targets(target: ast.expr) -> list[str] | None:
    """Names of a loop target if it is a name or a flat tuple of names, else None."""
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return names if len(names) == len(parts) else None


def _movable(*expressions: ast.expr) -> bool:
    """Whether expressions have the same meaning inside and outside the scope of a comprehension."""
    frame_bound = {"super", "__class__"} | REFLECTIVE
    return not contains(_SUSPENDING + _LAZY, *expressions) and not uses(*expressions) & frame_bound


@rewrite("loop_to_comprehension", 3, ast.For)
def loop_to_comprehension(context: FunctionContext) -> bool:
    """`x = []` and a loop that appends to x become a list comprehension."""
    changed = False
    for block in context.blocks():
        statements = block.statements
        for index in range(len(statements) - 2, -1, -1):
            if block.guarded:
                break  # an exception handler could read the partly filled list
            comprehension = _as_comprehension(context, statements[index], statements[index + 1])
            if comprehension is not None:
                statements[index : index + 2] = [comprehension]
                changed = True
                context.clear_caches()
    return changed


def _as_comprehension(context: FunctionContext, start: ast.stmt, loop: ast.stmt) -> ast.stmt | None:
    if not (isinstance(start, ast.Assign) and len(start.targets) == 1 and isinstance(start.targets[0], ast.Name)):
        return None
    if not (isinstance(start.value, ast.List) and not start.value.elts):
        return None
    if not isinstance(loop, ast.For) or loop.orelse or len(loop.body) != 1:
        return None
    inner, tests = loop.body[0], []
    while isinstance(inner, ast.If) and not inner.orelse and len(inner.body) == 1:
        tests.append(inner.test)
        inner = inner.body[0]
    name = start.targets[0].id
    element = _appended(inner, name)
    names = _targets(loop.target)
    if element is None or names is None or not _movable(element, loop.iter, *tests):
        return None
    if name in uses(element, loop.iter, loop.target, *tests) | context.captured() | context.declared():
        return None
    if set(names) & (context.captured() | context.declared()) or set(names) & uses(loop.iter):
        return None
    inside = sum(isinstance(node, ast.Name) and node.id in names for node in walk(loop))
    if inside != sum(context.count(one) for one in set(names)) or set(names) & context.parameters:
        return None
    return assign(name, ast.ListComp(element, [ast.comprehension(loop.target, loop.iter, tests, 0)]))


def _appended(statement: ast.stmt, name: str) -> ast.expr | None:
    """The expression in `name.append(expression)`, else None."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    if call.keywords or len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
        return None
    function = call.func
    if not (isinstance(function, ast.Attribute) and function.attr == "append"):
        return None
    return call.args[0] if isinstance(function.value, ast.Name) and function.value.id == name else None


@rewrite("comprehension_to_loop", 3, ast.ListComp)
def comprehension_to_loop(context: FunctionContext) -> bool:
    """`x = [...]` and `return [...]` become a loop that appends to a new list."""
    changed = False
    for block in context.blocks():
        for index in range(len(block.statements) - 1, -1, -1):
            statement = block.statements[index]
            if not isinstance(statement, ast.Assign | ast.Return) or not isinstance(statement.value, ast.ListComp):
                continue
            name, spread = context.fresh(), _as_loop(context, statement.value)
            if spread is None:
                continue
            loop, element = spread
            append = ast.Attribute(load(name), "append", ast.Load())
            _innermost(loop).append(ast.Expr(ast.Call(append, [element], [])))
            statement.value = load(name)
            block.statements[index:index] = [assign(name, ast.List([], ast.Load())), loop]
            changed = True
    return changed


def _as_loop(context: FunctionContext, comprehension: ast.ListComp) -> tuple[ast.For, ast.expr] | None:
    """Nested loops with an empty innermost body, and the element. The loop variables get new names."""
    names: list[str] = []
    for generator in comprehension.generators:
        targets = _targets(generator.target)
        if targets is None or generator.is_async:
            return None
        names += targets
    first, *later = comprehension.generators
    inside = [
        comprehension.elt,
        *first.ifs,
        first.target,
        *(part for one in later for part in (one.target, one.iter, *one.ifs)),
    ]
    if not _movable(first.iter, *inside) or contains((*SCOPES, *COMPREHENSIONS), *inside):
        return None
    table = {name: context.fresh() for name in names}
    for root in inside:  # not the first iterable: it is evaluated outside, with other variables
        for node in walk(root):
            if isinstance(node, ast.Name):
                node.id = table.get(node.id, node.id)
    body: list[ast.stmt] = []
    for generator in reversed(comprehension.generators):
        for test in reversed(generator.ifs):
            body = [ast.If(test, body, [])]
        body = [ast.For(generator.target, generator.iter, body, [], lineno=0)]
    assert isinstance(body[0], ast.For)
    return body[0], comprehension.elt


def _innermost(loop: ast.For) -> list[ast.stmt]:
    body = loop.body
    while body:
        assert isinstance(body[0], ast.For | ast.If)
        body = body[0].body
    return body


@rewrite("range_to_while", 3, ast.For)
def range_to_while(context: FunctionContext) -> bool:
    """`for i in range(len(x))` becomes a while loop if only the loop uses i, and it has no continue."""
    changed = False
    for block in context.blocks():
        for index in range(len(block.statements) - 1, -1, -1):
            loop = block.statements[index]
            stop = _range_stop(loop, context)
            if stop is None:
                continue
            assert isinstance(loop, ast.For)
            assert isinstance(loop.target, ast.Name)
            name, end = loop.target.id, context.fresh()
            step = ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), ast.Constant(1))
            test = ast.Compare(load(name), [ast.Lt()], [load(end)])
            block.statements[index : index + 1] = [
                assign(end, stop),
                assign(name, ast.Constant(0)),
                ast.While(test, [*loop.body, step], []),
            ]
            changed = True
            context.clear_caches()
    return changed


def _range_stop(loop: ast.stmt, context: FunctionContext) -> ast.expr | None:
    """The stop of a loop over range(len(...)) or range(constant) if it can become a while loop, else None."""
    if not isinstance(loop, ast.For) or loop.orelse or not isinstance(loop.target, ast.Name):
        return None
    call, name = loop.iter, loop.target.id
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
        return None
    if len(call.args) != 1 or call.keywords or contains((ast.Continue, *SCOPES, *COMPREHENSIONS), *loop.body):
        return None
    stop = call.args[0]
    constant = isinstance(stop, ast.Constant) and type(stop.value) is int
    length = isinstance(stop, ast.Call) and isinstance(stop.func, ast.Name) and stop.func.id == "len"
    inside = [node for part in loop.body for node in walk(part) if isinstance(node, ast.Name) and node.id == name]
    if any(not isinstance(node.ctx, ast.Load) for node in inside) or name in context.declared():
        return None
    if context.count(name) != len(inside) + 1 or name in context.parameters:
        return None
    builtin = context.is_builtin("range") and context.is_builtin("len")
    return stop if builtin and (constant or length) else None


@rewrite("count_by_hand", 3, ast.For)
def count_by_hand(context: FunctionContext) -> bool:
    """`for i, x in enumerate(y)` becomes a loop over y with a separate counter."""
    changed = False
    for block in context.blocks():
        for index in range(len(block.statements) - 1, -1, -1):
            loop = block.statements[index]
            if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Call):
                continue
            call, target = loop.iter, loop.target
            if not (isinstance(call.func, ast.Name) and call.func.id == "enumerate" and len(call.args) == 1):
                continue
            if call.keywords or isinstance(call.args[0], ast.Starred) or not context.is_builtin("enumerate"):
                continue
            if not (isinstance(target, ast.Tuple) and len(target.elts) == 2) or _targets(target) is None:
                continue
            number, item = target.elts
            assert isinstance(number, ast.Name)
            assert isinstance(item, ast.Name)
            if number.id == item.id:
                continue
            counter = context.fresh()
            step = ast.AugAssign(ast.Name(counter, ast.Store()), ast.Add(), ast.Constant(1))
            loop.target, loop.iter = item, call.args[0]
            loop.body[:0] = [assign(number.id, load(counter)), step]
            block.statements.insert(index, assign(counter, ast.Constant(0)))
            changed = True
    return changed


@rewrite("test_inside_loop", 3, ast.While)
def test_inside_loop(context: FunctionContext) -> bool:
    """`while c: S` becomes `while True: if not c: break; S`."""
    changed = False
    for block in context.blocks():
        for statement in block.statements:
            if not isinstance(statement, ast.While) or statement.orelse or isinstance(statement.test, ast.Constant):
                continue
            if context.chance():
                statement.body.insert(0, ast.If(negate(statement.test), [ast.Break()], []))
                statement.test = ast.Constant(True)
                changed = True
    return changed
