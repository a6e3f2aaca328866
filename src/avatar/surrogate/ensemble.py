"""The mean of several surrogates."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from avatar.surrogate.base import Prediction, Surrogate
from avatar.surrogate.linear import GaussianProcess, Ridge
from avatar.surrogate.trees import RandomForest


class Ensemble:
    """The mean of ridge regression (linear), a Gaussian process (smooth) and a forest (stepwise constant).

    The variance is that of a mixture: the mean of the members' variances plus the variance of their means.
    """

    def __init__(self, seed: int) -> None:
        self._members: list[Surrogate] = [kind(seed) for kind in (Ridge, GaussianProcess, RandomForest)]

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,)."""
        for member in self._members:
            member.fit(X, y)
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean and standard deviation of the mixture."""
        means, stds = map(np.stack, zip(*(member.predict(X) for member in self._members), strict=True))
        variance = (stds**2).mean(axis=0) + means.var(axis=0)
        return means.mean(axis=0), np.sqrt(variance)
