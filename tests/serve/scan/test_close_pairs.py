"""All pairs above a cosine, against two loops."""

import numpy as np
import pytest

from avatar.common.errors import DataError
from avatar.serve.scan import close_pairs as module
from avatar.serve.scan import similar_pairs
from avatar.serve.scan.clone_kinds import CloneKind, clone_kind
from avatar.serve.scan.close_pairs import close_pairs


@pytest.mark.parametrize("rows", [list(range(60)), [5], [0, 59, 3], []])
def test_the_same_as_two_loops(rows: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 7)
    monkeypatch.setattr(module, "COLUMNS", 11)
    vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs, comparisons = close_pairs(vectors, np.array(rows, np.int64), 0.8, 0.5)
    expected = {
        (first, second)
        for first in range(60)
        for second in range(first + 1, 60)
        if vectors[first] @ vectors[second] >= 0.8 and {first, second} & set(rows)
    }
    found = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert comparisons == len(rows) * 60


def test_too_many_pairs_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_pairs, "MOST_PAIRS", 10)
    with pytest.raises(DataError, match="more than 10 pairs"):
        close_pairs(np.ones((30, 1), np.float32), np.arange(30), 0.5, 0.5)


def test_kinds_of_clones() -> None:
    one, same, near, other = (np.array(values, np.float32) for values in ([1, 0], [2, 0], [0.9, 0.4], [0.1, 1]))
    assert clone_kind([one, same]) is CloneKind.RENAMED
    assert clone_kind([one, same, near]) is CloneKind.NEAR
    assert clone_kind([one, near, other]) is CloneKind.SEMANTIC
    assert all(kind.reason for kind in CloneKind)
