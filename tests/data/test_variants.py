"""In training, examples draw other copies of their functions in each epoch; the same seed draws the same copies."""

import numpy as np

from avatar.data.batching import Examples, TokenTable


def examples() -> Examples:
    """Four functions, each one token long, followed by one copy of each of the first three."""
    tokens = TokenTable.from_lists([[10], [11], [12], [13], [20], [21], [22]], 0, 1)
    variants = np.asarray([[0, 4], [1, 5], [2, 6], [3, 3]])
    members = np.asarray([[0], [1], [2], [3]])
    return Examples(tokens, members, np.zeros(4, np.int64), None, variants)


def test_copies_are_drawn_by_epoch_and_nothing_else() -> None:
    drawn = [examples().collate([epoch * 4 + row for row in range(4)]).input_ids[:, 0].tolist() for epoch in range(30)]
    again = [examples().collate([epoch * 4 + row for row in range(4)]).input_ids[:, 0].tolist() for epoch in range(30)]
    assert drawn == again
    for row in range(3):
        assert {batch[row] for batch in drawn} == {10 + row, 20 + row}
    assert {batch[3] for batch in drawn} == {13}


def test_rows_of_a_later_epoch_are_those_of_the_split() -> None:
    assert examples().collate([4 * 7 + 2, 4 * 7]).rows.tolist() == [2, 0]
