"""The interface of every surrogate, and the scale on which they learn."""

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from avatar.common.registry import Registry

Prediction = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Mean and standard deviation of each row, (m,) and (m,)."""


class Surrogate(Protocol):
    """A regressor from encoded architectures to accuracies in [0, 1]. Deterministic given its seed."""

    def __init__(self, seed: int) -> None: ...

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,); n may be as low as two."""
        ...

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean, within [0, 1], and standard deviation, at least 0, for encodings (m, d)."""
        ...


SURROGATES: Registry[type[Surrogate]] = Registry(
    "surrogate",
    {
        "constant": "avatar.surrogate.linear:Constant",
        "ensemble": "avatar.surrogate.ensemble:Ensemble",
        "gaussian_process": "avatar.surrogate.linear:GaussianProcess",
        "gradient_boosting": "avatar.surrogate.trees:GradientBoosting",
        "random_forest": "avatar.surrogate.trees:RandomForest",
        "ridge": "avatar.surrogate.linear:Ridge",
    },
)

EDGE = 0.01
"""Accuracies are kept this far from 0 and 1 on the logit scale, so that a single 0 does not rule the fit."""


def to_logit(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds: on this scale the step from 0.95 to 0.97 weighs as much as it is worth."""
    kept = np.clip(y, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(kept / (1.0 - kept)))


def from_logit(mean: NDArray[np.float64], std: NDArray[np.float64]) -> Prediction:
    """Accuracies of log odds; the standard deviation by the slope at the mean (the delta method)."""
    accuracy = 1.0 / (1.0 + np.exp(-mean))
    return accuracy, std * accuracy * (1.0 - accuracy)
