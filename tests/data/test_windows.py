"""Distinct windows: each window of each function, once, in any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.data.batching import TokenTable
from avatar.data.windows import distinct_windows

functions = st.lists(st.lists(st.integers(3, 6), min_size=1, max_size=12), min_size=1, max_size=6)


@given(functions, st.sampled_from([1, 3, 5]))
def test_windows_are_those_of_a_plain_loop(rows: list[list[int]], size: int) -> None:
    table = distinct_windows(TokenTable.from_lists(rows, 0, 1), size)
    side = size // 2
    for index, row in enumerate(rows):
        wide = [0] * side + row + [0] * side
        expected = {tuple(wide[start : start + size]) for start in range(len(row))}
        windows = [tuple(window) for window in table.windows[table.offsets[index] : table.offsets[index + 1]].tolist()]
        assert len(windows) == len(expected)
        assert set(windows) == expected


@given(functions)
def test_windows_too_wide_for_one_number_are_the_same(rows: list[list[int]]) -> None:
    wide = distinct_windows(TokenTable.from_lists([[token << 17 for token in row] for row in rows], 0, 1), 5)
    narrow = distinct_windows(TokenTable.from_lists(rows, 0, 1), 5)
    assert wide.offsets.tolist() == narrow.offsets.tolist()
    assert sorted(map(tuple, (wide.windows >> 17).tolist())) == sorted(map(tuple, narrow.windows.tolist()))


def test_padding_repeats_the_last_window() -> None:
    table = distinct_windows(TokenTable.from_lists([[3], [3, 4, 5]], 0, 1), 1)
    ids, mask = table.padded(np.array([0, 1]))
    assert ids[:, :, 0].tolist() == [[3, 3, 3], [3, 4, 5]]
    assert mask.tolist() == [[True, False, False], [True, True, True]]


@pytest.mark.parametrize("size", [1, 3])
def test_a_large_table_is_quick(size: int) -> None:
    random = np.random.default_rng(0)
    rows = [random.integers(3, 1000, 300).tolist() for _ in range(500)]
    table = distinct_windows(TokenTable.from_lists(rows, 0, 1), size)
    assert len(table.lengths) == 500
