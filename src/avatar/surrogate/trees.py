"""Forests and boosted trees: they model steps, such as a learning rate at which all trainings fail."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor

from avatar.surrogate.base import Prediction

TREES = 100
MEMBERS = 3
"""Boosted models in `GradientBoosting`."""


class RandomForest:
    """Extremely randomised trees (Geurts et al. 2006); the standard deviation over the trees is the uncertainty."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._spread = 0.0
        self._model = ExtraTreesRegressor(TREES, random_state=seed)

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,)."""
        leaf = 2 if len(y) >= 20 else 1
        self._model = ExtraTreesRegressor(TREES, min_samples_leaf=leaf, random_state=self._seed).fit(X, y)
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean and standard deviation over the trees."""
        total, squares = np.zeros(len(X)), np.zeros(len(X))
        rows = np.ascontiguousarray(X, dtype=np.float32)
        for tree in self._model.estimators_:
            predicted = tree.tree_.predict(rows).reshape(len(X))
            total += predicted
            squares += predicted**2
        mean = total / TREES
        return mean, np.sqrt(np.maximum(squares / TREES - mean**2, 0.0))


FEW = 8
"""With fewer observations than this, trees use all of them: a subsample could be empty."""


class GradientBoosting:
    """Shallow boosted trees with Huber's loss, so that one failed training does not dominate the fit.

    Three members, two of them on bootstrap samples; their standard deviation is the uncertainty.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._members: list[GradientBoostingRegressor] = []

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,)."""
        rng = np.random.default_rng(self._seed)
        self._members = []
        for number in range(MEMBERS):
            rows = np.arange(len(y)) if number == 0 else rng.integers(len(y), size=len(y))
            member = GradientBoostingRegressor(
                loss="huber",
                n_estimators=40,
                max_depth=3,
                learning_rate=0.1,
                subsample=0.7 if len(y) >= FEW else 1.0,
                random_state=self._seed + number,
            )
            self._members.append(member.fit(X[rows], y[rows]))
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean and standard deviation over the members."""
        predicted = np.stack([member.predict(X) for member in self._members])
        return np.clip(predicted.mean(axis=0), 0.0, 1.0), predicted.std(axis=0)
