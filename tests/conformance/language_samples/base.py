"""What a language gives to the suite that it must pass."""

from dataclasses import dataclass

BRACES = """int total(int count) {
    // first
    int sum = 0;
    while (count > 0) { /* down */
        sum += count--;
    }
    return sum;
}
"""
"""A body for languages that look like C."""


@dataclass(frozen=True)
class Sample:
    """`source` declares `functions` (qualified name, first and last line).

    `body` is the text of one function alone, with a loop and two comments, whose variables are `locals`.
    """

    source: str
    functions: list[tuple[str, int, int]]
    body: str = BRACES
    locals: frozenset[str] = frozenset({"count", "sum"})
