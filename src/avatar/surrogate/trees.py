"""Forests and boosted trees: they see at once that one learning rate lets students collapse."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor

from avatar.surrogate.base import Prediction

TREES = 100
MEMBERS = 3


class RandomForest:
    """Extremely randomised trees (Geurts et al. 2006); the trees' disagreement is the uncertainty."""

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
            found = tree.tree_.predict(rows).reshape(len(X))
            total += found
            squares += found**2
        mean = total / TREES
        return mean, np.sqrt(np.maximum(squares / TREES - mean**2, 0.0))


FEW = 8
"""Fewer observations than this are not subsampled for each tree: nothing might be left."""


class GradientBoosting:
    """Shallow boosted trees with Huber's loss, so that one failed training does not rule the fit.

    Three members on bootstrap samples; their disagreement is the uncertainty.
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
        found = np.stack([member.predict(X) for member in self._members])
        return np.clip(found.mean(axis=0), 0.0, 1.0), found.std(axis=0)
