"""A Gaussian process over recorded trainings and the candidates at hand."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from avatar.surrogate.background import WIDEST, Background, centre_and_spread
from avatar.surrogate.base import Informed, Prediction, from_logit, to_logit

Matrix = NDArray[np.float64]
PARTS = 7
"""Hyperparameters besides the weights of the columns, see `Kernel`."""
CENTRE = np.log([0.3, 0.3, 0.2, 0.2, 0.3, 1.0, 0.1])
"""Means of their normal priors, whose standard deviation is 1, and of the weights."""
WEIGHT = np.log(0.05)
BOUND = 5.0
"""Farthest from these means, so that no search leaves the numbers that a computer can hold."""
STEPS = 60
BLOCK = 10_000
TRUST = (0.9, 0.5, 0.0)
"""Correlations of the genes' effects here with those that the table teaches; the first before any candidate."""


@dataclass(frozen=True)
class Kernel:
    """The covariance of standardised scores, from hyperparameters (columns + `PARTS`,), all logarithms.

    An effect of the genes is the sum of one that all sessions share, of one that similar sessions share (by their
    descriptors), and of one of the session alone. A session also has an offset, and every score a noise.
    """

    theta: Matrix

    @property
    def weights(self) -> Matrix:
        """How much each column of the genes counts, (columns,)."""
        return np.exp(self.theta[:-PARTS])

    def parts(self) -> Matrix:
        """Variances: shared, shared by similar sessions, own, linear, offset; then nearness of sessions, and noise."""
        return np.exp(self.theta[-PARTS:])

    @property
    def noise(self) -> float:
        """Variance of a score beyond what the genes and the session explain."""
        return float(self.parts()[-1])

    def variance(self, X: Matrix) -> Matrix:
        """Of each row (n, d) without noise, (n,)."""
        shared, similar, own, linear, offset, _, _ = self.parts()
        return np.asarray(shared + similar + own + linear * (shared + similar) * (X**2 @ self.weights) + offset)

    def covariance(self, A: Matrix, a: NDArray[np.int64], B: Matrix, b: NDArray[np.int64], near: Matrix) -> Matrix:
        """Of rows A (n, d) in sessions a (n,) and rows B (m, d) in sessions b (m,); `near` has squared distances."""
        shared, similar, own, linear, offset, scale, _ = self.parts()
        scaled = np.sqrt(self.weights)
        genes = np.exp(-0.5 * _squared(A * scaled, B * scaled))
        likeness = np.exp(-0.5 * scale * near[np.ix_(a, b)])
        same = (a[:, None] == b[None]).astype(np.float64)
        line = (A * self.weights) @ B.T
        between = shared + similar * likeness + own * same
        return np.asarray(genes * between + linear * line * (shared + similar * likeness) + offset * same)


def _squared(A: Matrix, B: Matrix) -> Matrix:
    return np.maximum((A**2).sum(1)[:, None] + (B**2).sum(1)[None] - 2 * A @ B.T, 0.0)


def _loss(theta: Matrix, A: Matrix, a: NDArray[np.int64], near: Matrix, y: Matrix) -> tuple[float, Matrix]:
    """Negative log posterior of the hyperparameters, and its gradient."""
    kernel = Kernel(theta)
    shared, similar, own, linear, offset, scale, noise = kernel.parts()
    weights = kernel.weights
    scaled = A * np.sqrt(weights)
    genes = np.exp(-0.5 * _squared(scaled, scaled))
    apart = near[np.ix_(a, a)]
    likeness = np.exp(-0.5 * scale * apart)
    same = (a[:, None] == a[None]).astype(np.float64)
    line = (A * weights) @ A.T
    both = shared + similar * likeness
    covariance = genes * (both + own * same) + linear * line * both + offset * same + noise * np.eye(len(y))
    factor = cho_factor(covariance, lower=True)
    alpha = cho_solve(factor, y)
    pull = 0.5 * (cho_solve(factor, np.eye(len(y))) - np.outer(alpha, alpha))
    centred = theta - _centre(len(theta))
    value = 0.5 * y @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * centred @ centred
    bent = pull * genes * (both + own * same)
    straight = linear * pull * both
    slopes = np.empty(len(theta))
    for column in range(A.shape[1]):
        apart_here = (A[:, column, None] - A[None, :, column]) ** 2
        slopes[column] = weights[column] * (
            (straight * np.outer(A[:, column], A[:, column])).sum() - 0.5 * (bent * apart_here).sum()
        )
    moved = pull * (genes + linear * line)
    slopes[-PARTS:] = [
        shared * moved.sum(),
        similar * (moved * likeness).sum(),
        own * (pull * genes * same).sum(),
        linear * (pull * line * both).sum(),
        offset * (pull * same).sum(),
        -0.5 * scale * similar * (moved * likeness * apart).sum(),
        noise * np.trace(pull),
    ]
    return float(value), slopes + centred


def _centre(count: int) -> Matrix:
    return np.concatenate([np.full(count - PARTS, WEIGHT), CENTRE])


@dataclass(frozen=True, eq=False)
class Known:
    """The recorded trainings under the kernel that makes them most likely: rows, their sessions, and their lesson."""

    kernel: Kernel
    rows: Matrix
    sessions: NDArray[np.int64]
    near: Matrix
    factor: tuple[Matrix, bool]
    alpha: Matrix

    @property
    def here(self) -> int:
        """The number of the session at hand."""
        return len(self.near) - 1

    def covariance(self, X: Matrix, Z: Matrix) -> Matrix:
        """Of rows X (n, d) and Z (m, d) of the session at hand."""
        here = (np.full(len(rows), self.here) for rows in (X, Z))
        return self.kernel.covariance(X, next(here), Z, next(here), self.near)

    def across(self, X: Matrix) -> Matrix:
        """Of rows X (n, d) of the session at hand and the recorded ones, (n, recorded)."""
        return self.kernel.covariance(X, np.full(len(X), self.here), self.rows, self.sessions, self.near)


@lru_cache(maxsize=8)
def learned(background: Background) -> Known:
    """What the recorded trainings teach; computed once for each background."""
    near = _squared(background.situations, background.situations)
    return _known(background.features, background.sessions, near, background.targets)


def _known(A: Matrix, a: NDArray[np.int64], near: Matrix, y: Matrix, kernel: Kernel | None = None) -> Known:
    kernel = kernel or _fitted(A, a, near, y)
    covariance = kernel.covariance(A, a, A, a, near) + kernel.noise * np.eye(len(y))
    factor = cho_factor(covariance, lower=True)
    return Known(kernel, A, a, near, factor, np.asarray(cho_solve(factor, y)))


def _fitted(A: Matrix, a: NDArray[np.int64], near: Matrix, y: Matrix) -> Kernel:
    centre = _centre(A.shape[1] + PARTS)
    if not len(y):
        return Kernel(centre)
    bounds = [(middle - BOUND, middle + BOUND) for middle in centre]
    options = {"maxiter": STEPS}
    result = minimize(_loss, centre, (A, a, near, y), "L-BFGS-B", jac=True, bounds=bounds, options=options)
    return Kernel(np.asarray(result.x, dtype=np.float64))


class Prior(Informed):
    """A Gaussian process that has seen the table of trainings before the first candidate, and learns from both.

    It works on standardised scores; the candidates give the mean and the spread that lead back to accuracies. How far
    the data set at hand resembles the recorded ones is not known: each value of `TRUST` is a model of its own, and
    predictions are their mean, weighted by how likely each model makes the candidates. So a wrong lesson of the table
    is unlearned. Without a background, it is an ordinary Gaussian process over the candidates.
    """

    def __init__(self, seed: int, background: Background | None = None) -> None:
        self._background = background
        self._centre, self._spread = 0.0, 1.0

    def fit(self, X: Matrix, y: NDArray[np.float64]) -> Self:
        """Learn from rows (n, d), as `Background.encode` gives them, and accuracies (n,); n may be 0."""
        logits = to_logit(y)
        self._centre, self._spread = centre_and_spread(logits) if len(y) else (0.0, 1.0)
        targets = np.clip((logits - self._centre) / self._spread, -WIDEST, WIDEST)
        if self._background is None:
            near, sessions = np.zeros((1, 1)), np.zeros(len(X), dtype=np.int64)
            kernel = _fitted(X, sessions, near, targets)
            self._known = _known(X[:0], sessions[:0], near, targets[:0], kernel)
        else:
            self._known = learned(self._background)
        self._models = [_Model(self._known, trust, X, targets) for trust in (TRUST if len(y) else TRUST[:1])]
        evidence = np.asarray([model.evidence for model in self._models])
        chances = np.exp(evidence - evidence.max())
        self._weights = chances / chances.sum()
        return self

    def predict(self, X: Matrix) -> Prediction:
        """Mean and standard deviation of the score, without the noise of a training."""
        mean, std = self.standardised(X)
        return from_logit(self._centre + self._spread * mean, self._spread * std)

    def standardised(self, X: Matrix) -> Prediction:
        """As `predict`, on the scale on which the mean of a session is 0 and its standard deviation 1."""
        blocks = [self._block(X[start : start + BLOCK]) for start in range(0, max(len(X), 1), BLOCK)]
        means, stds = zip(*blocks, strict=True)
        return np.concatenate(means), np.concatenate(stds)

    def _block(self, X: Matrix) -> Prediction:
        across = self._known.across(X)
        means, variances = map(np.stack, zip(*(model.predict(X, across) for model in self._models), strict=True))
        mean = self._weights @ means
        variance = self._weights @ (variances + means**2) - mean**2
        return mean, np.sqrt(np.maximum(variance, 0.0))


class _Model:
    """The candidates (n, d) and their standardised scores (n,), where `trust` scales what they share with the table."""

    def __init__(self, known: Known, trust: float, X: Matrix, y: Matrix) -> None:
        self._known, self._trust, self._rows = known, trust, X
        across = known.across(X)
        self._solved = cho_solve(known.factor, across.T)
        covariance = known.covariance(X, X) - trust**2 * across @ self._solved + known.kernel.noise * np.eye(len(X))
        self._factor = cho_factor(covariance, lower=True)
        left = y - trust * across @ known.alpha
        self._alpha = cho_solve(self._factor, left)
        self.evidence = float(-0.5 * left @ self._alpha - np.log(np.diag(self._factor[0])).sum())

    def predict(self, X: Matrix, across: Matrix) -> Prediction:
        """Mean and variance of rows (m, d); `across` is their covariance with the recorded trainings."""
        known, trust = self._known, self._trust
        between = known.covariance(X, self._rows) - trust**2 * across @ self._solved
        mean = trust * across @ known.alpha + between @ self._alpha
        told = trust**2 * (across * cho_solve(known.factor, across.T).T).sum(axis=1)
        learned_here = (between * cho_solve(self._factor, between.T).T).sum(axis=1)
        return mean, np.maximum(known.kernel.variance(X) - told - learned_here, 0.0)
