"""The rewrites that change a function's text and keep its meaning, by name."""

from collections.abc import Callable, Sequence
from random import Random

from avatar.code.dead_code import insert_dead_code
from avatar.code.reformat import reformat
from avatar.code.rename import harvest_names, rename_identifiers
from avatar.code.text import function_text

__all__ = ["REWRITES", "harvest_names", "insert_dead_code", "reformat", "rename_identifiers", "rewrites"]

REWRITES = ("rename", "dead_code", "reformat")
"""Names of all rewrites, in the order in which several of them are applied to one function."""


def rewrites(language: str, names: Sequence[str] = ()) -> dict[str, Callable[[str, Random], str]]:
    """All rewrites of one language, by name. Each maps a function's text and a random generator to another text.

    New names of variables come from `names`, or by default from a list of common words. The result is normalised by
    `avatar.code.text`, like every text that a student reads.
    """
    known: dict[str, Callable[[str, Random], str]] = {
        "rename": lambda code, random: rename_identifiers(code, language, random, names=names),
        "reformat": lambda code, random: reformat(code, language, random),
        "dead_code": lambda code, random: insert_dead_code(code, language, random, names=names),
    }
    return {name: _normalised(rewrite, language) for name, rewrite in known.items()}


def _normalised(rewrite: Callable[[str, Random], str], language: str) -> Callable[[str, Random], str]:
    return lambda code, random: function_text(rewrite(code, random), language=language)
