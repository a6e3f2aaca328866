"""The constant predictor (the baseline), ridge regression, and the Gaussian process."""

import warnings
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.linear_model import BayesianRidge

from avatar.surrogate.base import Prediction, from_logit, to_logit


class Constant:
    """Always the median of the seen accuracies: the constant with the smallest absolute error."""

    def __init__(self, seed: int) -> None:
        self._median = self._spread = 0.0

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Take the median and the standard deviation of `y`."""
        self._median, self._spread = float(np.median(y)), float(np.std(y))
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """The same for every row."""
        return np.full(len(X), self._median), np.full(len(X), self._spread)


class Ridge:
    """Ridge regression on the logit scale; the penalty maximises the evidence (MacKay 1992)."""

    def __init__(self, seed: int) -> None:
        self._model = BayesianRidge()

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,)."""
        self._model.fit(X, to_logit(y))
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean and standard deviation of the posterior predictive."""
        return from_logit(*self._model.predict(X, return_std=True))


class GaussianProcess:
    """On the logit scale, with learned noise; one length scale for all columns, as there are few observations."""

    def __init__(self, seed: int) -> None:
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(1.0, (1e-1, 1e2), nu=2.5) + WhiteKernel(0.1, (1e-4, 1e1))
        self._model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,)."""
        with warnings.catch_warnings():
            # A parameter that ends at its bound is a valid result.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._model.fit(X, to_logit(y))
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean and standard deviation of the posterior, block by block to limit memory."""
        blocks = [
            self._model.predict(X[start : start + 10_000], return_std=True)
            for start in range(0, max(len(X), 1), 10_000)
        ]
        means, stds = zip(*blocks, strict=True)
        return from_logit(np.concatenate(means), np.concatenate(stds))
