"""Splits and joins assignments; adds and removes a variable for a returned value."""

import ast

from avatar.data.clones.collect import walk
from avatar.data.clones.rewrites.base import FunctionContext, assign, load, rewrite
from avatar.data.clones.rewrites.order import is_inert


@rewrite("name_result", 3, ast.Return)
def name_result(context: FunctionContext) -> bool:
    """`return expression` becomes `x = expression; return x` with a new x."""
    changed = False
    for block in context.blocks():
        last = block.statements[-1]
        if not isinstance(last, ast.Return) or last.value is None or isinstance(last.value, ast.Name | ast.Constant):
            continue
        if context.chance(0.5):
            name = context.fresh()
            block.statements[-1:] = [assign(name, last.value), ast.Return(load(name))]
            changed = True
    return changed


@rewrite("return_directly", 3, ast.Return)
def return_directly(context: FunctionContext) -> bool:
    """`x = expression; return x` becomes `return expression` if x is used nowhere else."""
    changed = False
    for block in context.blocks():
        if len(block.statements) < 2:
            continue
        one, last = block.statements[-2:]
        if not isinstance(one, ast.Assign) or not isinstance(last, ast.Return) or len(one.targets) != 1:
            continue
        target, value = one.targets[0], last.value
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Name) or target.id != value.id:
            continue
        if context.count(target.id) == 2 and target.id not in context.declared():
            block.statements[-2:] = [ast.Return(one.value)]
            changed = True
            context.clear_caches()
    return changed


@rewrite("split_assignment", 3, ast.Assign)
def split_assignment(context: FunctionContext) -> bool:
    """`a = b = 0` and `a, b = 0, 1` become two assignments if the values are constants."""
    changed = False
    for block in context.blocks():
        index = 0
        while index < len(block.statements):
            parts = _parts(block.statements[index])
            if parts:
                block.statements[index : index + 1] = parts
                changed = True
            index += max(1, len(parts))
    return changed


def _parts(statement: ast.stmt) -> list[ast.stmt]:
    if not isinstance(statement, ast.Assign):
        return []
    value, targets = statement.value, statement.targets
    if len(targets) > 1 and isinstance(value, ast.Constant):
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return [assign(name, ast.Constant(value.value)) for name in names] if len(names) == len(targets) else []
    if len(targets) == 1 and isinstance(targets[0], ast.Tuple) and isinstance(value, ast.Tuple):
        names = [target.id for target in targets[0].elts if isinstance(target, ast.Name)]
        constants = [part for part in value.elts if isinstance(part, ast.Constant)]
        if len(names) == len(targets[0].elts) == len(constants) == len(value.elts) and names:
            return [assign(name, constant) for name, constant in zip(names, constants, strict=True)]
    return []


@rewrite("join_assignments", 3, ast.Assign)
def join_assignments(context: FunctionContext) -> bool:
    """`a = 0; b = []` becomes `a, b = 0, []` if neither value reads a variable."""
    changed = False
    for block in context.blocks():
        index = 0
        while index + 1 < len(block.statements):
            one, two = block.statements[index : index + 2]
            names = [_constant_target(one), _constant_target(two)]
            if names[0] and names[1] and names[0] != names[1] and context.chance(0.5):
                assert isinstance(one, ast.Assign)
                assert isinstance(two, ast.Assign)
                target = ast.Tuple([ast.Name(name, ast.Store()) for name in names if name], ast.Store())
                joined = ast.Assign([target], ast.Tuple([one.value, two.value], ast.Load()), lineno=0)
                block.statements[index : index + 2] = [joined]
                changed = True
            index += 1
    return changed


def _constant_target(statement: ast.stmt) -> str | None:
    """The target's name if the statement assigns a value without variables, else None."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not is_inert(statement.value):
        return None
    if any(isinstance(node, ast.Name) for node in walk(statement.value)):
        return None
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else None


@rewrite("spell_out_counter", 3, ast.AugAssign)
def spell_out_counter(context: FunctionContext) -> bool:
    """`i += 1` becomes `i = i + 1` if i is always an int."""
    ints = _int_counters(context)
    changed = False
    for block in context.blocks():
        for index, statement in enumerate(block.statements):
            if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                if name in ints and context.chance():
                    block.statements[index] = assign(name, ast.BinOp(load(name), statement.op, statement.value))
                    changed = True
    return changed


def _int_counters(context: FunctionContext) -> set[str]:
    """Locals that are written only as `x = <int>` and `x += <int>` or `x -= <int>`."""
    steps: dict[str, int] = {}
    for node in context.nodes():
        name: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_int(node.value):
            name = node.targets[0]
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub) and _is_int(node.value):
            name = node.target
        if isinstance(name, ast.Name):
            steps[name.id] = steps.get(name.id, 0) + 1
    return (
        {name for name, count in steps.items() if count == context.writes(name)}
        - context.parameters
        - context.declared()
    )


def _is_int(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and type(value.value) is int
