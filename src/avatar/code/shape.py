"""How the text of a function looks in a language: comments around it, its end, its docstring, its margin."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from avatar.code.python_text import HEADER, realigned, without_docstring


@dataclass(frozen=True)
class Shape:
    """What `avatar.code.text` must know of a language. The defaults are those of languages with braces.

    `closing` begins the last line of a function; empty where indentation ends it. `header` finds a function in a
    text of a language that nobody named. `without_docstring` and `realigned` take and give lines: see `PYTHON`.
    """

    line_comment: str = "//"
    block_comment: tuple[str, str] | None = ("/*", "*/")
    closing: str = "}"
    header: re.Pattern[str] | None = None
    without_docstring: Callable[[Sequence[str]], list[str]] | None = None
    realigned: Callable[[Sequence[str]], list[str]] | None = None


BRACES = Shape()
PYTHON = Shape("#", None, "", HEADER, without_docstring, realigned)
