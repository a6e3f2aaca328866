"""Pairs of functions that a student calls clones: among all pairs if these are few, else among nearest neighbours.

A student's probability is not a distance: a small network reads the sum, the difference and the product of two
vectors. So nearest neighbours are only candidates, and the network decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.neighbours import Neighbours, Vectors

Compare = Callable[[Vectors, Vectors], NDArray[np.floating]]
"""Maps two arrays (n, hidden_size) to the probabilities (n,) that row i of both are clones."""

EXACT_COMPARISONS = 4_500_000
"""Up to this number of pairs, all are compared: 3,000 functions, about ten seconds on one core."""
NEIGHBOURS = (32, 128, 512, 2048)
"""Neighbours compared with each row. A row with clones in the farther half continues with the next number."""
ROWS = 2_048
"""Rows whose neighbours are compared together."""
BATCH = 4_096
"""Pairs compared at once: as fast as 16,384, with 160 MB less memory at a hidden size of 192."""


MOST_PAIRS = 2_000_000
"""More pairs are an error: they are useless as findings, and grouping them would take minutes."""


@dataclass(frozen=True)
class Pairs:
    """Distinct pairs of row indices, first < second, and their probabilities; three arrays (pairs,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    probability: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first)

    def above(self, threshold: float) -> "Pairs":
        """The pairs with a probability of at least `threshold`."""
        kept = self.probability >= threshold
        return Pairs(self.first[kept], self.second[kept], self.probability[kept])


def no_pairs() -> Pairs:
    """An empty set of pairs."""
    return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def joined(*parts: Pairs) -> Pairs:
    """All pairs of `parts`, which must not share pairs."""
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
    """Pairs with a member in `rows` and a probability of at least `threshold`, and the number of comparisons.

    `vectors` is (functions, hidden_size). All pairs are compared if `rows` times functions is at most twice
    `exact_comparisons` (each pair counts twice); else only the nearest neighbours of each row. A row with clones
    among its farthest neighbours is compared with more. More than `MOST_PAIRS` pairs are a DataError.
    """
    if len(rows) * len(vectors) <= 2 * exact_comparisons:
        return _decide(vectors, progress(_all_pairs(rows, len(vectors)), "comparing"), compare, threshold)
    neighbours = Neighbours(vectors)
    results, comparisons = [no_pairs()], 0
    for start in progress(range(0, len(rows), ROWS), "comparing neighbours"):
        pairs, compared = _neighbour_pairs(vectors, rows[start : start + ROWS], neighbours, compare, threshold)
        results.append(pairs)
        comparisons += compared
        refuse_too_many(sum(map(len, results)), threshold)
    pairs = joined(*results)
    _, once = np.unique(_codes(pairs.first, pairs.second, len(vectors)), return_index=True)
    return Pairs(pairs.first[once], pairs.second[once], pairs.probability[once]), comparisons


def _neighbour_pairs(
    vectors: Vectors, rows: NDArray[np.int64], neighbours: Neighbours, compare: Compare, threshold: float
) -> tuple[Pairs, int]:
    size = len(vectors)
    results, comparisons = [no_pairs()], 0
    seen = accepted = np.empty(0, np.int64)
    for count in NEIGHBOURS:
        nearest = neighbours(rows, min(count, size - 1))
        codes = _codes(rows[:, None], nearest, size)
        fresh = np.setdiff1d(codes, seen)
        seen = np.union1d(seen, fresh)
        pairs, compared = _decide(vectors, _blocks(fresh, size), compare, threshold)
        comparisons += compared
        results.append(pairs)
        accepted = np.union1d(accepted, _codes(pairs.first, pairs.second, size))
        rows = rows[np.isin(codes[:, codes.shape[1] // 2 :], accepted).any(1)]
        if not len(rows) or count >= size - 1:
            break
    return joined(*results), comparisons


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
    remaining = np.ones(size, dtype=bool)
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    gathered = 0
    for row in rows:
        remaining[row] = False
        others = np.flatnonzero(remaining)
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
    results, comparisons, total = [no_pairs()], 0, 0
    for first, second in blocks:
        probability = np.asarray(compare(vectors[first], vectors[second]), dtype=np.float32)
        comparisons += len(first)
        results.append(Pairs(first, second, probability).above(threshold))
        total += len(results[-1])
        refuse_too_many(total, threshold)
    return joined(*results), comparisons


def refuse_too_many(count: int, threshold: float) -> None:
    """A DataError if `count` is above `MOST_PAIRS`."""
    if count > MOST_PAIRS:
        raise DataError(
            f"more than {MOST_PAIRS:,} pairs of functions reach the threshold {threshold:g}",
            "raise --threshold, or scan fewer files",
        )
