"""A limit on the distance between the vectors of two clones, measured on the scanned code.

A student's probabilities are reliable on code like its training data. In other code they shift: students of
BigCloneBench call every second pair of Apache's commons-math a clone, and give many random pairs the probability of a
function and its own copy. Distances shift less: divided by the standard deviations in this code, a function with
renamed variables is closer to the original than 999 of 1,000 others are. So a clone needs both: a probability above
the threshold, and a distance that only few pairs of this code have.
"""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

CHANCE_NEIGHBOURS = 1.0
"""Default number of other functions that `SHARE` of the functions have within the limit."""

SHARE = 0.25
"""Share of the functions that have so many others within the limit. With 0.5, groups of C code mixed unrelated code."""

LEAST_FUNCTIONS = 200
"""With fewer functions there is no limit: too few to measure one."""

SAMPLED_ROWS = 150
"""Random functions on which the limit is measured."""

SAMPLED_OTHERS = 20_000
"""Other functions, at most, with which each of them is compared."""


class NeighbourLimit:
    """Decides which pairs are close enough to be clones, from the `vectors` (functions, hidden_size) of a code base.

    The distance is the mean of |a - b| over the components, each divided by its standard deviation. The limit is the
    distance within which `SHARE` of the functions have `neighbours` or more others; 0 means no limit. (A quantile of
    the distances of random pairs does not work: the smallest all come from one cluster of boilerplate code.)
    """

    def __init__(self, vectors: Vectors, neighbours: float = CHANCE_NEIGHBOURS) -> None:
        self.limit = np.inf
        if neighbours <= 0 or len(vectors) < LEAST_FUNCTIONS:
            return
        deviation = vectors.std(axis=0, dtype=np.float64)
        varies = deviation > 1e-6 * max(1e-6, float(deviation.max()))
        self._scale = (np.where(varies, 1 / np.where(varies, deviation, 1), 0) / len(deviation)).astype(np.float32)
        random = np.random.default_rng(0)
        rows = random.permutation(len(vectors))[:SAMPLED_ROWS]
        others = random.permutation(len(vectors))[:SAMPLED_OTHERS]
        # a sample of the others holds proportionally fewer neighbours
        rank = min(len(others) - 2, int(np.ceil(neighbours * len(others) / len(vectors))) - 1)
        nearest = []
        for row in rows:
            distances = np.abs(vectors[others[others != row]] - vectors[row]) @ self._scale
            nearest.append(np.partition(distances, rank)[rank])
        self.limit = float(np.quantile(nearest, SHARE))

    def __call__(self, first: Vectors, second: Vectors) -> NDArray[np.bool_]:
        """Whether row i of `first` and row i of `second`, both (n, hidden_size), are within the limit; (n,)."""
        if np.isinf(self.limit):
            return np.ones(len(first), dtype=bool)
        return np.abs(first - second) @ self._scale <= self.limit
