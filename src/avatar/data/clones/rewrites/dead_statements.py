"""Inserts statements that do nothing: unused variables and branches that never run."""

import ast

from avatar.data.clones.rewrites.base import FunctionContext, assign, ends, load, rewrite


def _unused_value(context: FunctionContext) -> ast.expr:
    choices: list[ast.expr] = [
        ast.Constant(context.rng.randrange(100)),
        ast.Constant(None),
        ast.Constant(True),
        ast.Constant(context.rng.choice(["", "ok", "error", "name", "value"])),
        ast.List([], ast.Load()),
        ast.Dict([], []),
        ast.Tuple([ast.Constant(0), ast.Constant(1)], ast.Load()),
    ]
    return context.rng.choice(choices)


def _dead_branch(context: FunctionContext) -> ast.stmt:
    """A branch that never runs. It binds only new names and contains no yield, so no scope changes."""
    body: list[ast.stmt] = []
    available = context.surroundings.statements
    for source in context.rng.sample(available, min(len(available), context.rng.randint(1, 3))):
        body += ast.parse(source).body
    if not body or context.chance(0.3):
        name, other = context.fresh(), context.fresh()
        body += [assign(name, _unused_value(context)), assign(other, load(name))]
    test: ast.expr = ast.Constant(context.rng.choice([False, None, 0]))
    return ast.While(test, body, []) if context.chance(0.3) else ast.If(test, body, [])


@rewrite("insert_unused", 3)
def insert_unused(context: FunctionContext) -> bool:
    """Insert one to four assignments to new variables that nothing reads."""
    for _ in range(context.rng.randint(1, 4)):
        _insert(context, assign(context.fresh(), _unused_value(context)))
    return True


@rewrite("insert_never", 3)
def insert_never(context: FunctionContext) -> bool:
    """Insert one or two branches or loops whose condition is a false constant."""
    for _ in range(context.rng.randint(1, 2)):
        _insert(context, _dead_branch(context))
    return True


@rewrite("insert_unreachable", 3, ast.Return, ast.Raise, ast.Break, ast.Continue)
def insert_unreachable(context: FunctionContext) -> bool:
    """Append an assignment after a return, raise, break or continue."""
    candidates = [block for block in context.blocks() if ends(block.statements)]
    if not candidates:
        return False
    context.rng.choice(candidates).statements.append(assign(context.fresh(), _unused_value(context)))
    return True


def _insert(context: FunctionContext, statement: ast.stmt) -> None:
    function = context.function
    block = context.rng.choice(context.blocks()).statements
    first = 1 if block is function.body and ast.get_docstring(function, clean=False) is not None else 0
    block.insert(context.rng.randint(first, len(block)), statement)
