"""How the text of a function looks in a language: comments around it, its end, its docstring, its margin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from avatar.code.python_text import has_header, realigned, without_docstring


@dataclass(frozen=True)
class Shape:
    """What `avatar.code.text` must know of a language. The defaults are those of languages with braces.

    `closing` begins the last line of a function; empty where indentation ends it. `recognised` tells whether a text
    whose language nobody named is in this one. `without_docstring` and `realigned` take and give lines: see `PYTHON`.
    """

    line_comment: str = "//"
    block_comment: tuple[str, str] | None = ("/*", "*/")
    closing: str = "}"
    recognised: Callable[[str], bool] | None = None
    without_docstring: Callable[[Sequence[str]], list[str]] | None = None
    realigned: Callable[[Sequence[str]], list[str]] | None = None


BRACES = Shape()
PYTHON = Shape("#", None, "", has_header, without_docstring, realigned)
