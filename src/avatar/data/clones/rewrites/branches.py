"""Rewrites if statements: swapped branches, early exits, nested conditions, conditional expressions."""

import ast

from avatar.data.clones.rewrites.base import FunctionContext, assign, ends, negate, rewrite


@rewrite("invert_if", 3, ast.If)
def invert_if(context: FunctionContext) -> bool:
    """`if c: A else: B` becomes `if not c: B else: A`."""
    changed = False
    for block in context.blocks():
        for statement in block.statements:
            if isinstance(statement, ast.If) and statement.orelse and context.chance():
                statement.test = negate(statement.test)
                statement.body, statement.orelse = statement.orelse, statement.body
                changed = True
    return changed


@rewrite("else_after_exit", 3, ast.If)
def else_after_exit(context: FunctionContext) -> bool:
    """`if c: return a; B` becomes `if c: return a else: B`, sometimes with both branches swapped."""
    changed = False
    for block in context.blocks():
        statements = block.statements
        for index, statement in enumerate(statements[:-1]):
            if isinstance(statement, ast.If) and ends(statement.body) and not statement.orelse and context.chance():
                statement.orelse = statements[index + 1 :]
                if context.chance(0.6):
                    statement.test = negate(statement.test)
                    statement.body, statement.orelse = statement.orelse, statement.body
                del statements[index + 1 :]
                changed = True
                break
    return changed


@rewrite("exit_without_else", 3, ast.If)
def exit_without_else(context: FunctionContext) -> bool:
    """`if c: return a else: B` becomes `if c: return a` followed by B."""
    changed = False
    for block in context.blocks():
        statements = block.statements
        index = 0
        while index < len(statements):
            statement = statements[index]
            if isinstance(statement, ast.If) and statement.orelse and ends(statement.body) and context.chance():
                statements[index + 1 : index + 1] = statement.orelse
                statement.orelse = []
                changed = True
            index += 1
    return changed


@rewrite("nest_condition", 3, ast.If)
def nest_condition(context: FunctionContext) -> bool:
    """`if a and b: S` becomes `if a: if b: S`."""
    changed = False
    for block in context.blocks():
        for statement in block.statements:
            if not isinstance(statement, ast.If) or statement.orelse or not isinstance(statement.test, ast.BoolOp):
                continue
            if isinstance(statement.test.op, ast.And) and context.chance():
                first, *rest = statement.test.values
                inner = rest[0] if len(rest) == 1 else ast.BoolOp(ast.And(), rest)
                statement.test, statement.body = first, [ast.If(inner, statement.body, [])]
                changed = True
    return changed


@rewrite("join_condition", 3, ast.If)
def join_condition(context: FunctionContext) -> bool:
    """`if a: if b: S` becomes `if a and b: S`."""
    changed = False
    for block in context.blocks():
        for statement in block.statements:
            if not isinstance(statement, ast.If) or statement.orelse or len(statement.body) != 1:
                continue
            inner = statement.body[0]
            if isinstance(inner, ast.If) and not inner.orelse and context.chance():
                statement.test = ast.BoolOp(ast.And(), [statement.test, inner.test])
                statement.body = inner.body
                changed = True
    return changed


@rewrite("spell_out_conditional", 3, ast.IfExp)
def spell_out_conditional(context: FunctionContext) -> bool:
    """`x = a if c else b` and `return a if c else b` become if statements."""
    changed = False
    for block in context.blocks():
        for index, statement in enumerate(block.statements):
            if not isinstance(statement, ast.Assign | ast.Return) or not isinstance(statement.value, ast.IfExp):
                continue
            choice = statement.value
            if isinstance(statement, ast.Return):
                branches: list[ast.stmt] = [ast.Return(choice.body), ast.Return(choice.orelse)]
            elif len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                branches = [assign(name, choice.body), assign(name, choice.orelse)]
            else:
                continue
            block.statements[index] = ast.If(choice.test, [branches[0]], [branches[1]])
            changed = True
    return changed


@rewrite("conditional_expression", 3, ast.If)
def conditional_expression(context: FunctionContext) -> bool:
    """`if c: return a else: return b` becomes `return a if c else b`; the same for one assigned name."""
    changed = False
    for block in context.blocks():
        for index, statement in enumerate(block.statements):
            if not isinstance(statement, ast.If) or len(statement.body) != 1 or len(statement.orelse) != 1:
                continue
            one, two = statement.body[0], statement.orelse[0]
            if isinstance(one, ast.Return) and isinstance(two, ast.Return) and one.value and two.value:
                block.statements[index] = ast.Return(ast.IfExp(statement.test, one.value, two.value))
                changed = True
            elif isinstance(one, ast.Assign) and isinstance(two, ast.Assign):
                left, right = one.targets, two.targets
                if (
                    len(left) == len(right) == 1
                    and isinstance(left[0], ast.Name)
                    and isinstance(right[0], ast.Name)
                    and left[0].id == right[0].id
                ):
                    block.statements[index] = assign(left[0].id, ast.IfExp(statement.test, one.value, two.value))
                    changed = True
    return changed
