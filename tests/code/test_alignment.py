import random

import pytest

from avatar.code.alignment import aligned_share, common_length, is_aligned, masked_tokens
from avatar.code.lexer import Lexer


def slow_length(first: list[int], second: list[int]) -> int:
    """The longest common subsequence by its definition, one cell of the table after the other."""
    row = [0] * (len(second) + 1)
    for one in first:
        corner = 0
        for index, other in enumerate(second):
            corner, row[index + 1] = row[index + 1], corner + 1 if one == other else max(row[index + 1], row[index])
    return row[-1]


def test_the_common_length_is_that_of_the_plain_table() -> None:
    rng = random.Random(0)
    for _ in range(300):
        first, second = ([rng.randrange(5) for _ in range(rng.randrange(60))] for _ in range(2))
        assert common_length(first, second) == slow_length(first, second)
        share = aligned_share(first, second)
        assert is_aligned(first, second, 0.5) is (share >= 0.5)


@pytest.mark.parametrize(("first", "second", "share"), [([], [], 1.0), ([], [1], 0.0), ([1, 2, 3, 4], [1, 3, 4], 0.75)])
def test_the_share_is_of_the_longer_function(first: list[int], second: list[int], share: float) -> None:
    assert aligned_share(first, second) == share
    assert aligned_share(second, first) == share


def test_names_numbers_and_strings_do_not_count_and_calls_do() -> None:
    codes = ["def f(a): return g(a, 1, 'x')", "def f(b): return g(b, 2, 'y')", "def f(a): return h(a, 1, 'x')"]
    one, renamed, other = masked_tokens(Lexer(), codes, ["python"] * 3)
    assert one == renamed
    assert one != other
    assert masked_tokens(Lexer(), [], []) == []
