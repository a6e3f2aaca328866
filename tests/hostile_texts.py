"""Texts for which the time of tree-sitter's grammars grows with the square of their size."""

QUADRATIC = {
    "stray comment ends": ("c", "... */ | ? \n"),
    "words and brackets": ("cpp", "returnforint=)\n"),
    "open comments": ("c", "/* a\n"),
    "open comments with much memory": ("java", "/* a\n"),
}
"""By description: the language, and a piece that is repeated."""

SUFFIXES = {"c": ".c", "cpp": ".cpp", "java": ".java"}


def hostile(name: str, size: int) -> tuple[str, str]:
    """The language and a text of about `size` bytes."""
    language, piece = QUADRATIC[name]
    return language, piece * (size // len(piece))
