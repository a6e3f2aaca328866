"""The interface of all surrogates, and the scale on which they learn."""

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from avatar.common.registry import Registry

if TYPE_CHECKING:
    from avatar.surrogate.background import Background

Prediction = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Mean and standard deviation of each row, (m,) and (m,)."""


class Surrogate(Protocol):
    """A regressor from encoded architectures to accuracies in [0, 1]. Deterministic given its seed."""

    def __init__(self, seed: int) -> None: ...

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Learn from encodings (n, d) and accuracies (n,); n is at least 2."""
        ...

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Mean in [0, 1] and standard deviation >= 0 for encodings (m, d)."""
        ...


class Informed(Surrogate):
    """A surrogate that also learns from recorded trainings. Its rows are those of `Background.encode`."""

    def __init__(self, seed: int, background: "Background | None" = None) -> None: ...


SURROGATES: Registry[type[Surrogate]] = Registry(
    "surrogate",
    {
        "constant": "avatar.surrogate.linear:Constant",
        "ensemble": "avatar.surrogate.ensemble:Ensemble",
        "gaussian_process": "avatar.surrogate.linear:GaussianProcess",
        "gradient_boosting": "avatar.surrogate.trees:GradientBoosting",
        "prior": "avatar.surrogate.prior:Prior",
        "random_forest": "avatar.surrogate.trees:RandomForest",
        "ridge": "avatar.surrogate.linear:Ridge",
    },
)


def informed(name: str) -> bool:
    """Whether the surrogate registered as `name` also learns from recorded trainings."""
    return issubclass(SURROGATES.get(name), Informed)


def make_surrogate(name: str, seed: int, background: "Background | None" = None) -> Surrogate:
    """The surrogate registered as `name`; one that is not informed does not get the background."""
    kind = SURROGATES.get(name)
    return kind(seed, background) if issubclass(kind, Informed) else kind(seed)


EDGE = 0.01
"""Accuracies are clipped to this distance from 0 and 1 before the logit, so that one 0 does not dominate the fit."""


def to_logit(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds of accuracies. On this scale, a step close to 1 (0.95 to 0.97) counts more than the same step at 0.5."""
    clipped = np.clip(y, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def from_logit(mean: NDArray[np.float64], std: NDArray[np.float64]) -> Prediction:
    """Accuracies from log odds; the standard deviation by the slope at the mean (delta method)."""
    accuracy = 1.0 / (1.0 + np.exp(-mean))
    return accuracy, std * accuracy * (1.0 - accuracy)
