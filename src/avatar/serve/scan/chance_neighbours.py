"""How near two functions must lie for a clone to be believed, read off the code at hand.

A student is sure of what its training data showed it. In other code its probabilities shift: students of BigCloneBench
call every second pair of Apache's commons-math a clone, and are as sure of many random pairs as of a function and its
own copy. Its vectors hold up better: scaled by what is usual in this code, a function with renamed variables is nearer
to the original than 999 of 1,000 others. So a pair must convince the student and be as near as hardly a random pair is.
"""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

TWINS_BY_CHANCE = 1.0
"""Others that lie within the limit, for a part of the functions; then the student decides."""

SHARE = 0.25
"""Of the functions, so many have others that near: with a half, groups of C code were mixed."""

LEAST_FUNCTIONS = 200
"""With fewer functions there is nothing to read off, and all pairs are near."""

SAMPLED_ROWS = 150
"""Random functions from which the distance is read off,"""

SAMPLED_OTHERS = 20_000
"""and how many others they are held against."""


class NeighbourLimit:
    """Which pairs are near enough, for `vectors` (functions, hidden_size) of a code base.

    The distance is the mean over the components of |a - b|, each in units of its standard deviation. The limit is that
    within which `SHARE` of the functions have `twins` others; 0 lets all through. (The nearest of random pairs would
    say nothing: they would all come from one cluster of boilerplate.)
    """

    def __init__(self, vectors: Vectors, twins: float = TWINS_BY_CHANCE) -> None:
        self.limit = np.inf
        if twins <= 0 or len(vectors) < LEAST_FUNCTIONS:
            return
        deviation = vectors.std(axis=0, dtype=np.float64)
        lively = deviation > 1e-6 * max(1e-6, float(deviation.max()))
        self._scale = (np.where(lively, 1 / np.where(lively, deviation, 1), 0) / len(deviation)).astype(np.float32)
        random = np.random.default_rng(0)
        rows = random.permutation(len(vectors))[:SAMPLED_ROWS]
        others = random.permutation(len(vectors))[:SAMPLED_OTHERS]
        # of fewer others than all, fewer are near
        rank = min(len(others) - 2, int(np.ceil(twins * len(others) / len(vectors))) - 1)
        found = []
        for row in rows:
            distances = np.abs(vectors[others[others != row]] - vectors[row]) @ self._scale
            found.append(np.partition(distances, rank)[rank])
        self.limit = float(np.quantile(found, SHARE))

    def __call__(self, first: Vectors, second: Vectors) -> NDArray[np.bool_]:
        """Of rows (n, hidden_size) with rows: whether each pair is near enough, (n,)."""
        if np.isinf(self.limit):
            return np.ones(len(first), dtype=bool)
        return np.abs(first - second) @ self._scale <= self.limit
