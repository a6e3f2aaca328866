"""The form of a function's text in a language: comments, its last line, its docstring, its indentation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from avatar.code.python_text import has_header, realigned, without_docstring


@dataclass(frozen=True)
class Shape:
    """The facts that `avatar.code.text` needs about a language. The defaults are for languages with braces.

    `closing` begins the last line of a function; empty if indentation ends it. `recognised` says whether a text of
    unknown language is in this language. `without_docstring` and `realigned` map lines to lines: see `PYTHON`.
    `long_quote` begins and ends strings of several lines; empty if the language has none.
    """

    line_comment: str = "//"
    block_comment: tuple[str, str] | None = ("/*", "*/")
    closing: str = "}"
    recognised: Callable[[str], bool] | None = None
    without_docstring: Callable[[Sequence[str]], list[str]] | None = None
    realigned: Callable[[Sequence[str]], list[str]] | None = None
    long_quote: str = ""


BRACES = Shape()


def _is_python(text: str) -> bool:
    """Whether a line begins a function of Python. A last line `end` would close one of Ruby."""
    return has_header(text) and text.rstrip().rpartition("\n")[2].strip() != "end"


PYTHON = Shape("#", None, "", _is_python, without_docstring, realigned)
