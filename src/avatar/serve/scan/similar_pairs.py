"""Which pairs of functions a student takes for clones: exact where that is quick, else among near vectors.

A student's answer is not a distance: a small network reads the sum, the difference and the product of two
vectors. So neighbours in space are candidates only, and the network decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.neighbours import Neighbours, Vectors

Compare = Callable[[Vectors, Vectors], NDArray[np.floating]]
"""Two arrays (n, hidden_size) to the probabilities (n,) that row i is a clone of row i."""

EXACT_COMPARISONS = 4_500_000
"""Up to this many, all pairs are compared: 3,000 functions, about ten seconds on one core."""
NEIGHBOURS = (32, 128, 512, 2048)
"""How many are compared; the next number for those rows that find clones in the farther half."""
ROWS = 2_048
"""Rows whose neighbours are compared together."""
BATCH = 4_096
"""Pairs compared at once: as fast as 16,384 and 160 MB less memory at a hidden size of 192."""


MOST_PAIRS = 2_000_000
"""More at one threshold say nothing, and would take minutes to group."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, first below second, each once, with their probabilities; three arrays (pairs,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    probability: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first)

    def above(self, threshold: float) -> "Pairs":
        """Those of at least `threshold`."""
        kept = self.probability >= threshold
        return Pairs(self.first[kept], self.second[kept], self.probability[kept])


def no_pairs() -> Pairs:
    """None at all."""
    return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def joined(*parts: Pairs) -> Pairs:
    """All pairs of parts that have none in common."""
    return Pairs(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.probability for part in parts]),
    )


def find_pairs(
    vectors: Vectors,
    rows: NDArray[np.int64],
    compare: Compare,
    threshold: float,
    *,
    exact_comparisons: int = EXACT_COMPARISONS,
) -> tuple[Pairs, int]:
    """Pairs of at least `threshold` that have a member in `rows`, and how many comparisons it took.

    `vectors` is (functions, hidden_size). Exact where `rows` times functions are at most twice
    `exact_comparisons` (each pair is met twice); above that among the nearest neighbours of each row. A row
    that finds clones among its farthest neighbours looks further. More than `MOST_PAIRS` are a DataError.
    """
    if len(rows) * len(vectors) <= 2 * exact_comparisons:
        return _decide(vectors, progress(_all_pairs(rows, len(vectors)), "comparing"), compare, threshold)
    neighbours = Neighbours(vectors)
    found, comparisons = [no_pairs()], 0
    for start in progress(range(0, len(rows), ROWS), "comparing neighbours"):
        pairs, compared = _near_pairs(vectors, rows[start : start + ROWS], neighbours, compare, threshold)
        found.append(pairs)
        comparisons += compared
        _refuse_too_many(sum(map(len, found)), threshold)
    pairs = joined(*found)
    _, once = np.unique(_codes(pairs.first, pairs.second, len(vectors)), return_index=True)
    return Pairs(pairs.first[once], pairs.second[once], pairs.probability[once]), comparisons


def _near_pairs(
    vectors: Vectors, rows: NDArray[np.int64], neighbours: Neighbours, compare: Compare, threshold: float
) -> tuple[Pairs, int]:
    size = len(vectors)
    found, comparisons = [no_pairs()], 0
    seen = accepted = np.empty(0, np.int64)
    for count in NEIGHBOURS:
        near = neighbours(rows, min(count, size - 1))
        codes = _codes(rows[:, None], near, size)
        fresh = np.setdiff1d(codes, seen)
        seen = np.union1d(seen, fresh)
        pairs, compared = _decide(vectors, _blocks(fresh, size), compare, threshold)
        comparisons += compared
        found.append(pairs)
        accepted = np.union1d(accepted, _codes(pairs.first, pairs.second, size))
        rows = rows[np.isin(codes[:, codes.shape[1] // 2 :], accepted).any(1)]
        if not len(rows) or count >= size - 1:
            break
    return joined(*found), comparisons


def _codes(first: NDArray[np.int64], second: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """One number for each unordered pair."""
    return np.minimum(first, second) * size + np.maximum(first, second)


def _blocks(codes: NDArray[np.int64], size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for start in range(0, len(codes), BATCH):
        first, second = np.divmod(codes[start : start + BATCH], size)
        if (kept := first != second).any():
            yield first[kept], second[kept]


def _all_pairs(rows: NDArray[np.int64], size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Each pair with a member in `rows` once, in blocks of at least `BATCH`."""
    open_ = np.ones(size, dtype=bool)
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    gathered = 0
    for row in rows:
        open_[row] = False
        others = np.flatnonzero(open_)
        first.append(np.minimum(row, others))
        second.append(np.maximum(row, others))
        gathered += len(others)
        if gathered >= BATCH:
            yield np.concatenate(first), np.concatenate(second)
            first, second, gathered = [], [], 0
    if gathered:
        yield np.concatenate(first), np.concatenate(second)


def _decide(
    vectors: Vectors,
    blocks: Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]],
    compare: Compare,
    threshold: float,
) -> tuple[Pairs, int]:
    found, comparisons, total = [no_pairs()], 0, 0
    for first, second in blocks:
        probability = np.asarray(compare(vectors[first], vectors[second]), dtype=np.float32)
        comparisons += len(first)
        found.append(Pairs(first, second, probability).above(threshold))
        total += len(found[-1])
        _refuse_too_many(total, threshold)
    return joined(*found), comparisons


def _refuse_too_many(count: int, threshold: float) -> None:
    if count > MOST_PAIRS:
        raise DataError(
            f"more than {MOST_PAIRS:,} pairs of functions reach the threshold {threshold:g}",
            "raise --threshold, or scan fewer files",
        )
