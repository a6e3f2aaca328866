"""Collects names and simple statements of each module, for new names and dead code in rewritten functions.

So rewritten functions share as many words with other functions of the module, from which the negatives are
made, as with their originals.
"""

import ast
import re
from collections.abc import Sequence

from avatar.data.clones.collect import walk
from avatar.data.clones.rewrites.base import Surroundings
from avatar.data.records import Function

_BOUND = re.compile(r"(?m)(?:^\s+|\bfor |\bas |[(,] ?)([a-z]\w*)(?= = | in |:|, )")
_STATEMENT = re.compile(r"(?m)^\s+([\w.]+\(.*\)|\w+\.\w+ = .+)$")
_UNSAFE = (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr, ast.Lambda, ast.JoinedStr)
_HIDDEN = frozenset({"super", "__class__", "locals", "vars", "eval", "exec", "dir", "globals"})
_AT_MOST = 60


def surroundings(functions: Sequence[Function]) -> dict[str, Surroundings]:
    """For each module (`Function.group`): the names that it binds, and simple statements."""
    texts: dict[str, list[str]] = {}
    for function in functions:
        texts.setdefault(function.group, []).append(function.code)
    return {module: _gather("\n".join(parts)) for module, parts in texts.items()}


def _gather(text: str) -> Surroundings:
    names = {name for name in _BOUND.findall(text) if name.isascii()}
    statements = [source for source in dict.fromkeys(_STATEMENT.findall(text)) if len(source) < 80]
    return Surroundings(tuple(sorted(names)), tuple(filter(is_borrowable, statements[:_AT_MOST])))


def is_borrowable(source: str) -> bool:
    """Whether `source` is one statement that is allowed in a dead branch of any function.

    It must be a call or an assignment to an attribute. It must not bind a name, suspend the function (yield, await)
    or need a class.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    if len(body) != 1 or not isinstance(body[0], ast.Expr | ast.Assign):
        return False
    nodes = walk(body[0])
    return not any(
        isinstance(node, _UNSAFE)
        or (isinstance(node, ast.Name) and (node.id in _HIDDEN or not isinstance(node.ctx, ast.Load)))
        for node in nodes
    )
