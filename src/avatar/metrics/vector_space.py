"""Vectors of functions in groups of clones: which functions are near each other, and the cosines of pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

TIE = 1e-6
"""Cosines that differ by less are equal. Of equally near functions, those that are no clones come first."""
ROWS = 256
"""Number of functions that are compared with all others at once."""
MOST_PAIRS = 20_000_000
"""Most pairs of each kind (clones and others) of which the cosine is computed; of more, this many are drawn."""

Rows = NDArray[np.int64]
Cosines = NDArray[np.float32]


def unit_vectors(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """`vectors` (n, width) divided by their lengths; a vector of zeros stays as it is."""
    norms = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, np.float32(1e-12)), dtype=np.float32)


@dataclass(frozen=True)
class PairCosines:
    """Cosines of pairs of clones and of other pairs, with the rows of both functions, each (pairs,)."""

    clones: Cosines
    others: Cosines
    clone_rows: tuple[Rows, Rows]
    other_rows: tuple[Rows, Rows]


@dataclass(frozen=True)
class VectorSpace:
    """Vectors (n, width) of n functions, the numbers of their groups (n,), and their languages ("" if unknown)."""

    vectors: NDArray[np.floating[Any]]
    groups: NDArray[np.int64]
    languages: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        if len(self.vectors) != len(self.groups) or (len(self.languages) not in (0, len(self.groups))):
            raise ValueError(
                f"{len(self.vectors)} vectors, {len(self.groups)} groups and {len(self.languages)} languages; "
                "there must be one of each for every function"
            )

    @cached_property
    def units(self) -> NDArray[np.float32]:
        """The vectors with length 1."""
        return unit_vectors(self.vectors)

    @cached_property
    def language_of(self) -> NDArray[np.str_]:
        """Language of each function, (n,)."""
        return np.asarray(self.languages or [""] * len(self.groups), dtype=np.str_)

    def among(self, rows: Rows) -> "VectorSpace":
        """The space of some of the functions."""
        return VectorSpace(self.vectors[rows], self.groups[rows], self.language_of[rows].tolist())

    def compared(self, queries: Rows, candidates: Rows) -> Iterator[tuple[slice, Cosines, NDArray[np.bool_]]]:
        """For some queries at a time: their part of `queries`, the cosines (queries, candidates), and the clones.

        A query that is also a candidate has the cosine -inf to itself, and is not its own clone.
        """
        for start in range(0, len(queries), ROWS):
            part = slice(start, min(start + ROWS, len(queries)))
            cosines = self.block(queries[part], candidates)
            itself = queries[part][:, None] == candidates[None, :]
            cosines[itself] = -np.inf
            yield part, cosines, (self.groups[queries[part]][:, None] == self.groups[candidates][None, :]) & ~itself

    @cached_property
    def pairs(self) -> PairCosines:
        """All pairs of different functions, or `MOST_PAIRS` of each kind that are drawn always in the same way."""
        clones, others = self._clone_pairs(), self._other_pairs()
        return PairCosines(self._cosines(*clones), self._cosines(*others), clones, others)

    def _cosines(self, first: Rows, second: Rows, at_once: int = 200_000) -> Cosines:
        """Cosines (pairs,) of two lists of rows."""
        cosines = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), at_once):
            part = slice(start, start + at_once)
            cosines[part] = self.of_pairs(first[part], second[part])
        return cosines

    def block(self, queries: Rows, candidates: Rows) -> Cosines:
        """Cosines (queries, candidates)."""
        return np.asarray(self.units[queries] @ self.units[candidates].T, dtype=np.float32)

    def of_pairs(self, first: Rows, second: Rows) -> Cosines:
        """Cosines (pairs,)."""
        return np.asarray(np.einsum("nw,nw->n", self.units[first], self.units[second]), dtype=np.float32)

    def _clone_pairs(self) -> tuple[Rows, Rows]:
        order = np.argsort(self.groups, kind="stable")
        bounds = np.flatnonzero(np.diff(self.groups[order])) + 1
        parts = [np.triu_indices(len(rows), 1) for rows in np.split(order, bounds)]
        members = np.split(order, bounds)
        first = np.concatenate([rows[left] for rows, (left, _) in zip(members, parts, strict=True)])
        second = np.concatenate([rows[right] for rows, (_, right) in zip(members, parts, strict=True)])
        return _drawn(first, second)

    def _other_pairs(self) -> tuple[Rows, Rows]:
        count = len(self.groups)
        if count * (count - 1) // 2 <= MOST_PAIRS:
            first, second = np.triu_indices(count, 1)
        else:
            random = np.random.default_rng(0)
            first, second = random.integers(count, size=(2, MOST_PAIRS))
        apart = self.groups[first] != self.groups[second]
        return first[apart], second[apart]


@dataclass(frozen=True)
class SimilaritySpace(VectorSpace):
    """Functions of which only the similarities are known: `vectors` (n, n) has that of each pair."""

    def among(self, rows: Rows) -> "SimilaritySpace":
        """The space of some of the functions."""
        similarities = self.vectors[np.ix_(rows, rows)]
        return SimilaritySpace(similarities, self.groups[rows], self.language_of[rows].tolist())

    def block(self, queries: Rows, candidates: Rows) -> Cosines:
        """Similarities (queries, candidates)."""
        return np.asarray(self.vectors[np.ix_(queries, candidates)], dtype=np.float32)

    def of_pairs(self, first: Rows, second: Rows) -> Cosines:
        """Similarities (pairs,)."""
        return np.asarray(self.vectors[first, second], dtype=np.float32)


def _drawn(first: Rows, second: Rows) -> tuple[Rows, Rows]:
    if len(first) <= MOST_PAIRS:
        return first, second
    rows = np.random.default_rng(0).choice(len(first), MOST_PAIRS, replace=False)
    return first[rows], second[rows]
