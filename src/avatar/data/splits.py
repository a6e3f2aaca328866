"""Stratified, seeded division of examples into parts; linked examples can be kept in one part."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator

Rows = NDArray[np.int64]


def stratified_split(
    labels: Sequence[int] | NDArray[np.int64], groups: Sequence[str], shares: Sequence[float], seed: int
) -> list[Rows]:
    """Divide rows 0..n-1 into one part per share, each with the same mix of labels and groups.

    `shares` sum to 1. The sizes are the shares of n, rounded by largest remainder. Each label, and each group
    of a label, is divided by the same shares up to a few rows. Each part is sorted.
    """
    if any(share < 0 for share in shares) or not np.isclose(sum(shares), 1.0):
        raise ValueError(f"shares is {list(shares)}; shares must be at least 0 and sum to 1")
    labels = np.asarray(labels, dtype=np.int64)
    sizes = _rounded(len(labels), shares)
    # Each part receives its rows at evenly spaced times. In order of time, every interval of the sequence, and so
    # every stratum below, contains each part in its share.
    times = np.concatenate([(np.arange(size) + 0.5) / size for size in sizes if size] or [np.empty(0)])
    parts = np.repeat(np.arange(len(shares)), sizes)[np.argsort(times, kind="stable")]

    rng = generator(seed, "split")
    names = sorted(set(groups))
    rank = dict(zip(names, rng.permutation(len(names)).tolist(), strict=True))
    group_of = np.asarray([rank[group] for group in groups], dtype=np.int64)
    order = np.lexsort((rng.permutation(len(labels)), group_of, labels))
    part_of = np.empty(len(labels), dtype=np.int64)
    part_of[order] = parts
    return [np.flatnonzero(part_of == part).astype(np.int64) for part in range(len(shares))]


def clustered_split(
    labels: Sequence[int] | NDArray[np.int64],
    groups: Sequence[str],
    clusters: NDArray[np.int64],
    shares: Sequence[float],
    seed: int,
) -> list[Rows]:
    """Like `stratified_split`, but all rows of a cluster (row -> cluster number) go into one part.

    A cluster has the label and the group of its first row; the shares hold for the number of clusters.
    """
    labels = np.asarray(labels, dtype=np.int64)
    _, first, member = np.unique(clusters, return_index=True, return_inverse=True)
    parts = stratified_split(labels[first], [groups[row] for row in first], shares, seed)
    part_of = np.empty(len(first), dtype=np.int64)
    for part, chosen in enumerate(parts):
        part_of[chosen] = part
    return [np.flatnonzero(part_of[member] == part).astype(np.int64) for part in range(len(shares))]


def linked_clusters(keys: Iterable[Sequence[Hashable]]) -> NDArray[np.int64]:
    """Cluster number of each row. Rows that share a key, directly or through other rows, are in one cluster."""
    parent: dict[Hashable, Hashable] = {}

    def root(key: Hashable) -> Hashable:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    heads: list[Hashable] = []
    for row in keys:
        for key in row:
            parent.setdefault(key, key)
        for key in row[1:]:
            parent[root(key)] = root(row[0])
        heads.append(row[0])
    numbers: dict[Hashable, int] = {}
    return np.asarray([numbers.setdefault(root(key), len(numbers)) for key in heads], dtype=np.int64)


def _rounded(total: int, shares: Sequence[float]) -> list[int]:
    """Integer sizes that sum to `total`, by largest remainder; a share of 0 gets 0."""
    exact = np.asarray(shares, dtype=np.float64) * (total / sum(shares))
    sizes = np.floor(exact + 1e-9).astype(int)
    remainder = np.where(exact > 0, exact - sizes, -np.inf)
    for part in np.argsort(-remainder, kind="stable")[: total - int(sizes.sum())]:
        sizes[part] += 1
    return [int(size) for size in sizes]
