"""Dividing examples so that no function, and no group named by the user, is in two parts."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.data.splits import Rows, linked_clusters

SMALLER = (1.0, 0.5, 0.25, 0.125)
"""Fractions of the wanted evaluation size to try, in this order, if shared functions link too many examples."""

KEPT = 0.5
"""Smallest fraction of the training part's share that must remain."""

FEWEST = 10
"""Fewest examples of each label in an evaluation part that is smaller than wanted."""

BALANCE = 1.25
"""Largest allowed ratio between the fractions reached for the two labels."""


@dataclass(frozen=True)
class Division:
    """Sorted rows of each part, number of rows in no part, and size of the largest cluster linked by shared keys."""

    parts: tuple[Rows, ...]
    dropped: int
    linked: int


def divide(
    keys: Sequence[Sequence[Hashable]], labels: NDArray[np.int64], shares: Sequence[float], seed: int
) -> Division | None:
    """Divide rows by `shares` (the first is the training's), so that no key is in two parts.

    If all clusters of linked rows are small enough, each cluster goes into one part and no row is dropped. Otherwise
    keys (functions) are chosen for the evaluation parts, and rows with keys of two parts are dropped. None if too few
    rows would remain.
    """
    clusters = linked_clusters(keys)
    linked = int(np.bincount(clusters, minlength=1).max())
    if linked <= max(2.0, min(shares[1:]) * len(labels) / 2):
        return Division(tuple(grouped_split(labels, clusters, shares, seed)), 0, linked)
    numbers: dict[Hashable, int] = {}
    members = [sorted({numbers.setdefault(key, len(numbers)) for key in row}) for row in keys]
    for smaller in SMALLER:
        parts = _divide_keys(members, labels, clusters, shares, smaller, seed)
        if parts is not None:
            return Division(tuple(parts), len(labels) - sum(map(len, parts)), linked)
    return None


def grouped_split(
    labels: NDArray[np.int64], clusters: NDArray[np.int64], shares: Sequence[float], seed: int
) -> list[Rows]:
    """Divide rows so that each cluster (row -> cluster number) is in one part; large clusters are assigned first.

    A cluster goes to the part that lacks most of its labels, so sizes and labels are close to the shares.
    """
    _, member = np.unique(clusters, return_inverse=True)
    counts = np.zeros((member.max() + 1 if len(member) else 0, 2))
    np.add.at(counts, (member, labels), 1)
    totals = np.maximum(counts.sum(axis=0), 1)
    missing = np.outer(shares, np.ones(2))  # fraction of each label that each part still lacks
    order = np.lexsort((generator(seed, "groups").permutation(len(counts)), -counts.sum(axis=1)))
    part_of = np.empty(len(counts), dtype=np.int64)
    weights = 1 / np.maximum(np.asarray(shares), 1e-9)
    for cluster in order.tolist():
        brought = counts[cluster] / totals
        gains = weights * (missing @ brought)
        part = int(gains.argmax())
        part_of[cluster] = part
        missing[part] -= brought
    return [np.flatnonzero(part_of[member] == part).astype(np.int64) for part in range(len(shares))]


def whole_groups(groups: NDArray[np.int64], shares: Sequence[float], seed: int) -> list[Rows]:
    """Divide rows by `shares` so that no group (row -> group number) is in two parts; each part is sorted."""
    return grouped_split(np.zeros(len(groups), dtype=np.int64), groups, shares, seed)


def without_shared_keys(keys: Sequence[Sequence[Hashable]], parts: Sequence[Rows]) -> tuple[Rows, ...]:
    """`parts` without rows that put a key into a second part. A key stays in the part whose rows use it most."""
    held: dict[Hashable, NDArray[np.float64]] = {}
    for part, rows in enumerate(parts):
        for row in rows.tolist():
            for key in set(keys[row]):
                held.setdefault(key, np.zeros(len(parts)))[part] += 1 / len(rows)
    owner = {key: int(weight.argmax()) for key, weight in held.items()}
    return tuple(
        np.asarray([row for row in rows.tolist() if all(owner[key] == part for key in keys[row])], dtype=np.int64)
        for part, rows in enumerate(parts)
    )


def _divide_keys(
    members: Sequence[Sequence[int]],
    labels: NDArray[np.int64],
    clusters: NDArray[np.int64],
    shares: Sequence[float],
    smaller: float,
    seed: int,
) -> list[Rows] | None:
    """Parts without common keys, the evaluation parts `smaller` times their shares; None if too few rows remain."""
    rng = generator(seed, "cut")
    totals = np.bincount(labels, minlength=2)
    free = np.ones(len(labels), dtype=bool)
    parts: dict[int, Rows] = {}
    for part in sorted(range(1, len(shares)), key=lambda number: -shares[number]):
        wanted = shares[part] * totals
        region = _Region(members, labels, clusters, free, smaller * wanted, rng)
        inside = region.grow()
        counts = np.bincount(labels[inside], minlength=2)
        reached = counts[totals > 0] / (smaller * wanted[totals > 0])
        if reached.min() < 0.5 or (smaller < 1 and counts[totals > 0].min() < FEWEST):
            return None
        limits = np.ceil(smaller * wanted * min(1.0, BALANCE * reached.min()))
        parts[part] = _limited(inside, labels, limits, rng)
        for row in np.flatnonzero(free).tolist():
            free[row] = not any(region.chosen[key] for key in members[row])
    parts[0] = np.flatnonzero(free).astype(np.int64)
    left = np.bincount(labels[parts[0]], minlength=2)[totals > 0]
    if (left < KEPT * shares[0] * totals[totals > 0]).any():
        return None
    return [parts[part] for part in range(len(shares))]


def _limited(
    rows: Rows, labels: NDArray[np.int64], limits: NDArray[np.floating[Any]], rng: np.random.Generator
) -> Rows:
    """At most `limits` (2,) of `rows` of each label, drawn at random."""
    kept = [rng.permutation(rows[labels[rows] == label])[: int(limits[label])] for label in (0, 1)]
    return np.sort(np.concatenate(kept)).astype(np.int64)


class _Region:
    """A growing set of keys. A row, which has one or two keys, is inside if all its keys are in the set.

    Each step adds the keys that bring the most rows inside, relative to the rows that use them. Only `free` rows count.
    """

    def __init__(
        self,
        members: Sequence[Sequence[int]],
        labels: NDArray[np.int64],
        clusters: NDArray[np.int64],
        free: NDArray[np.bool_],
        wanted: NDArray[np.floating[Any]],
        rng: np.random.Generator,
    ) -> None:
        keys = 1 + max(max(row) for row in members)
        self.members, self.labels, self.wanted = members, labels, wanted
        self.rows_of: list[list[int]] = [[] for _ in range(keys)]
        self.gains = np.zeros((keys, 2))  # rows of each label that a key would bring inside
        self.missing = np.zeros(len(labels), dtype=np.int64)  # keys of a row that are not chosen yet
        sizes = np.bincount(clusters)
        size_of = np.zeros(keys)
        for row in np.flatnonzero(free).tolist():
            self.missing[row] = len(members[row])
            for key in members[row]:
                self.rows_of[key].append(row)
                size_of[key] = sizes[clusters[row]]
            if len(members[row]) == 1:
                self.gains[members[row][0], labels[row]] += 1
        self.degree = np.asarray([len(rows) for rows in self.rows_of], dtype=np.float64)
        self.chosen = np.zeros(keys, dtype=bool)
        self.counts = np.zeros(2)
        self.inside: list[int] = []
        self.starts = np.lexsort((rng.permutation(keys), size_of))[::-1].tolist()  # used from the end
        self.noise = rng.uniform(0.8, 1.2, keys)  # another seed gives another region
        self.step = max(1, keys // 1000)

    def grow(self) -> Rows:
        """Add keys until enough rows of each label are inside, or no key is left; returns the rows inside, sorted."""
        while (self.counts < self.wanted).any():
            chosen = self._best()
            if not chosen:
                break
            for key in chosen:
                self._add(key)
        return np.sort(np.asarray(self.inside, dtype=np.int64))

    def _best(self) -> list[int]:
        needed = np.clip(1 - self.counts / np.maximum(self.wanted, 1e-9), 0, None)
        scores = self.noise * (self.gains @ needed) / np.maximum(self.degree, 1)
        scores[self.chosen] = 0
        best = np.argpartition(-scores, self.step - 1)[: self.step]
        best = best[scores[best] > 0]
        if len(best):
            return [int(key) for key in best]
        while self.starts:
            key = int(self.starts.pop())
            if not self.chosen[key] and self.degree[key]:
                return [key]
        return []

    def _add(self, key: int) -> None:
        self.chosen[key] = True
        for row in self.rows_of[key]:
            self.missing[row] -= 1
            if self.missing[row] == 0:
                self.counts[self.labels[row]] += 1
                self.inside.append(row)
            elif self.missing[row] == 1:
                other = next(name for name in self.members[row] if not self.chosen[name])
                self.gains[other, self.labels[row]] += 1
