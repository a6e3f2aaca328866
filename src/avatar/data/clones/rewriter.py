"""Rewrites a function with a combination of rewrites of a wanted grade; all randomness comes from one seed."""

import ast
import random
from dataclasses import dataclass

from avatar.code.python_layout import Style, random_style, relayout
from avatar.code.text import function_text
from avatar.data.clones import rewrites  # noqa: F401  (registers all rewrites)
from avatar.data.clones.collect import TEXT, FunctionNode
from avatar.data.clones.rewrites.base import NO_SURROUNDINGS, REWRITES, FunctionContext, Surroundings
from avatar.data.clones.rewrites.names import keeps_tree

GRADES = (1, 2, 3)
"""Clone types: 1 changes layout and comments, 2 also names and literals, 3 also statements."""

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
    """A function's new text by the rules `TEXT`, the rewrites that changed it, and the highest of their grades."""

    code: str
    grade: int
    applied: tuple[str, ...]


def rewrite(code: str, grade: int, seed: int, surroundings: Surroundings = NO_SURROUNDINGS) -> Rewritten:
    """Rewrite one function's source with the same meaning; `grade` says how much may change.

    New names and dead code come from the surrounding code. A function that can read its own variables by
    name (locals, eval, frames) keeps its syntax tree. Equal arguments give equal results. Raises SyntaxError if `code`
    is not one function.
    """
    rng = random.Random(seed)
    text = code
    applied: list[str] = []
    if grade >= 2:
        body = ast.parse(code).body
        if len(body) != 1 or not isinstance(body[0], FunctionNode):
            raise SyntaxError("a rewrite needs the source of exactly one function")
        if not keeps_tree(body[0]):
            applied = _change(FunctionContext(body[0], rng, surroundings), grade)
            text = ast.unparse(body[0]) if applied else code
    style = random_style(rng)
    laid_out, literals = relayout(text, style, rng, respell=grade >= 2)
    new_code = function_text(laid_out, TEXT, "python")
    if new_code == code:
        laid_out, _ = relayout(text, Style(indent="  " if style.indent != "  " else "    "), rng)
        new_code = function_text(laid_out, TEXT, "python")
    strongest = max([1, 2 if literals else 1, *(REWRITES.get(name).grade for name in applied)])
    return Rewritten(new_code, strongest, (*applied, *(["literals"] if literals else []), "layout"))


def _change(context: FunctionContext, grade: int) -> list[str]:
    """Apply rewrites of the tree in place; returns the names of those that changed something, in order."""
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
            context.clear_caches()
    return applied
