"""Changes how code looks and nothing else."""

import tokenize
from dataclasses import replace
from random import Random

from avatar.code.languages import parse
from avatar.code.layout import random_look, relayout_braces
from avatar.code.python_layout import Style, random_style, relayout


def reformat(code: str, language: str, random: Random) -> str:
    """`code` in another layout: indentation, line breaks, spaces, blank lines, comments; the tokens stay.

    Comments go or stay, and new ones may come (in Python they all go). Code with syntax errors, or longer than
    `languages.MAX_BYTES`, is returned as it is. The same arguments give the same text.
    """
    if parse(code, language) is None:
        return code
    return _python(code, random) if language == "python" else _braces(code, random)


def _braces(code: str, random: Random) -> str:
    look = random_look(random)
    made = relayout_braces(code, look, random)
    if made.split() != code.split() or made.count("\n") != code.count("\n"):
        return made
    return relayout_braces(code, replace(look, tight=not look.tight, brace_on_own_line=True), random)


def _python(code: str, random: Random) -> str:
    style = random_style(random)
    try:
        made, _ = relayout(code, style, random)
        if made == code:
            made, _ = relayout(code, Style(indent="  " if style.indent != "  " else "    "), random)
    except (tokenize.TokenError, SyntaxError):
        return code
    return made
