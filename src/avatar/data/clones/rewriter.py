"""Composes rewrites of a wanted grade; everything random comes from one seed."""

import ast
import random
from dataclasses import dataclass

from avatar.code.python_layout import Style, random_style, relayout
from avatar.code.text import function_text
from avatar.data.clones import rewrites  # noqa: F401  (files all rewrites)
from avatar.data.clones.collect import TEXT, FunctionNode
from avatar.data.clones.rewrites.base import NOWHERE, REWRITES, FunctionContext, Surroundings
from avatar.data.clones.rewrites.names import keeps_tree

GRADES = (1, 2, 3)
"""Clone types: 1 changes layout and comments, 2 names and literals as well, 3 statements as well."""

_INVERSE = {
    "loop_to_comprehension": "comprehension_to_loop",
    "else_after_exit": "exit_without_else",
    "nest_condition": "join_condition",
    "spell_out_conditional": "conditional_expression",
    "name_result": "return_directly",
    "split_assignment": "join_assignments",
}
_INVERSE |= {two: one for one, two in _INVERSE.items()}


@dataclass(frozen=True)
class Rewritten:
    """A function's new text by `TEXT`, the names of the rewrites that changed it, and the strongest of their grades."""

    code: str
    grade: int
    applied: tuple[str, ...]


def rewrite(code: str, grade: int, seed: int, around: Surroundings = NOWHERE) -> Rewritten:
    """Rewrite one function's source so that it means the same and looks as different as `grade` says.

    New names and dead code resemble the code `around`. A function that can see its own variables
    (locals, eval, frames) keeps its tree. Equal arguments give equal results. Raises SyntaxError where
    `code` is not one function.
    """
    rng = random.Random(seed)
    text = code
    applied: list[str] = []
    if grade >= 2:
        body = ast.parse(code).body
        if len(body) != 1 or not isinstance(body[0], FunctionNode):
            raise SyntaxError("a rewrite needs the source of exactly one function")
        if not keeps_tree(body[0]):
            applied = _change(FunctionContext(body[0], rng, around), grade)
            text = ast.unparse(body[0]) if applied else code
    style = random_style(rng)
    laid_out, literals = relayout(text, style, rng, respell=grade >= 2)
    made = function_text(laid_out, TEXT, "python")
    if made == code:
        laid_out, _ = relayout(text, Style(indent="  " if style.indent != "  " else "    "), rng)
        made = function_text(laid_out, TEXT, "python")
    strongest = max([1, 2 if literals else 1, *(REWRITES.get(name).grade for name in applied)])
    return Rewritten(made, strongest, (*applied, *(["literals"] if literals else []), "layout"))


def _change(context: FunctionContext, grade: int) -> list[str]:
    """Apply tree rewrites in place; the names of those that changed something, in order."""
    plan: list[str] = []
    if grade >= 3:
        plan = [name for name in REWRITES.names() if REWRITES.get(name).grade == 3]
        context.rng.shuffle(plan)
        plan = [name for name in plan if context.chance(0.8 if name.startswith("insert") else 0.85)]
    plan += [
        "rename_locals" if grade >= 3 or context.chance(0.5) else "rename_some_locals",
        "rename_function",
    ]
    applied: list[str] = []
    for name in plan:
        one = REWRITES.get(name)
        if _INVERSE.get(name) in applied or (one.needs and not context.has(*one.needs)):
            continue
        if one.apply(context):
            applied.append(name)
            context.touch()
    return applied
