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


@lru_cache(maxsize=8)
def learned(background: Background) -> Kernel:
    """The kernel under which the recorded trainings are most likely; found once for each background."""
    near = _nearness(background.situations)
    return _fitted(background.features, background.sessions, near, background.targets)


def _fitted(A: Matrix, a: NDArray[np.int64], near: Matrix, y: Matrix) -> Kernel:
    centre = _centre(A.shape[1] + PARTS)
    if not len(y):
        return Kernel(centre)
    bounds = [(middle - BOUND, middle + BOUND) for middle in centre]
    options = {"maxiter": STEPS}
    result = minimize(_loss, centre, (A, a, near, y), "L-BFGS-B", jac=True, bounds=bounds, options=options)
    return Kernel(np.asarray(result.x, dtype=np.float64))


def _nearness(situations: Matrix) -> Matrix:
    return _squared(situations, situations)


class Prior(Informed):
    """A Gaussian process that has seen the table of trainings before the first candidate, and learns from both.

    It works on standardised scores; the candidates give the mean and the spread that lead back to accuracies. Without a
    background it is an ordinary Gaussian process over the candidates.
    """

    def __init__(self, seed: int, background: Background | None = None) -> None:
        self._background = background
        self._centre, self._spread = 0.0, 1.0

    def fit(self, X: Matrix, y: NDArray[np.float64]) -> Self:
        """Learn from rows (n, d), as `Background.encode` gives them, and accuracies (n,); n may be 0."""
        logits = to_logit(y)
        if len(y):
            self._centre, self._spread = centre_and_spread(logits)
        targets = np.clip((logits - self._centre) / self._spread, -WIDEST, WIDEST)
        background = self._background
        if background is None:
            self._near = np.zeros((1, 1))
            self._rows, self._sessions = X, np.zeros(len(X), dtype=np.int64)
            self._kernel = _fitted(X, self._sessions, self._near, targets)
        else:
            self._near = _nearness(background.situations)
            here = np.full(len(X), len(self._near) - 1)
            self._rows = np.concatenate([background.features, X])
            self._sessions = np.concatenate([background.sessions, here])
            targets = np.concatenate([background.targets, targets])
            self._kernel = learned(background)
        noise = self._kernel.parts()[-1] * np.eye(len(targets))
        covariance = self._kernel.covariance(self._rows, self._sessions, self._rows, self._sessions, self._near)
        self._factor = cho_factor(covariance + noise, lower=True)
        self._alpha = cho_solve(self._factor, targets)
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
        here = np.full(len(X), len(self._near) - 1)
        across = self._kernel.covariance(X, here, self._rows, self._sessions, self._near)
        shared, similar, own, linear, offset, _, _ = self._kernel.parts()
        line = linear * (shared + similar) * (X**2 @ self._kernel.weights)
        variance = shared + similar + own + line + offset
        if len(self._rows):
            variance = variance - (across * cho_solve(self._factor, across.T).T).sum(axis=1)
        return across @ self._alpha, np.sqrt(np.maximum(variance, 0.0))
