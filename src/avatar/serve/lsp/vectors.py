"""Vectors of the functions of a workspace, in one growing array."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Compare = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.floating]]

MOST_COMPARED = 8_192
"""Most comparisons of one function, with the nearest others: 8 ms at a million comparisons per second."""


MOST_KEPT = 100
"""Most clones that are stored for one function; more are of no use."""


class Vectors:
    """Rows by key with reference counts: a row is removed when its count reaches 0.

    A row (width,) is what `Predictor.encode_texts` gives; its first `hidden_size` numbers are the vector.
    """

    def __init__(self, width: int, hidden_size: int | None = None) -> None:
        self._hidden_size = width if hidden_size is None else hidden_size
        self._array = np.zeros((256, width), dtype=np.float32)
        self._live = np.zeros(256, dtype=bool)
        self._row: dict[str, int] = {}
        self._key: dict[int, str] = {}
        self._held: dict[str, int] = {}
        self._free = list(range(255, -1, -1))

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, key: str) -> bool:
        return key in self._row

    def add(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Add vectors (width,); keys that have a row are ignored."""
        for key, vector in vectors.items():
            if key in self._row:
                continue
            if not self._free:
                self._grow()
            row = self._free.pop()
            self._array[row], self._live[row] = vector, True
            self._row[key], self._key[row] = row, key

    def hold(self, key: str) -> None:
        """Increase the reference count of a key that has a row."""
        self._held[key] = self._held.get(key, 0) + 1

    def release(self, key: str) -> bool:
        """Decrease the reference count. Returns whether it reached 0 and the row was removed."""
        self._held[key] -= 1
        if self._held[key]:
            return False
        row = self._row.pop(key)
        del self._held[key], self._key[row]
        self._live[row] = False
        self._free.append(row)
        return True

    def matches(self, key: str, compare: Compare, threshold: float) -> dict[str, float]:
        """Other keys and their probabilities of at least `threshold`, by `compare` (see `LazyStudent.compare`)."""
        own = self._row[key]
        others = np.flatnonzero(self._live)
        others = others[others != own]
        if len(others) > MOST_COMPARED:
            vectors = self._array[:, : self._hidden_size]
            distances = np.square(vectors[others] - vectors[own]).sum(1)
            others = others[np.argpartition(distances, MOST_COMPARED)[:MOST_COMPARED]]
        if not len(others):
            return {}
        probabilities = compare(self._array[[own] * len(others)], self._array[others])
        kept = np.flatnonzero(probabilities >= threshold)
        if len(kept) > MOST_KEPT:
            kept = kept[np.argsort(-probabilities[kept], kind="stable")[:MOST_KEPT]]
        return {self._key[int(others[index])]: float(probabilities[index]) for index in kept}

    def all(self) -> NDArray[np.float32]:
        """All rows (keys, width), in no fixed order."""
        return self._array[self._live]

    def against(self, key: str, others: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The vector of `key`, repeated, and the vectors of `others`; two arrays (others, width)."""
        rows = [self._row[other] for other in others]
        return self._array[[self._row[key]] * len(rows)], self._array[rows]

    def _grow(self) -> None:
        size = len(self._array)
        self._array = np.concatenate([self._array, np.zeros_like(self._array)])
        self._live = np.concatenate([self._live, np.zeros(size, dtype=bool)])
        self._free = list(range(2 * size - 1, size - 1, -1))
