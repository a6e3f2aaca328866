"""Does a probability mean what it says? Expected calibration error and temperature scaling (Guo et al. 2017)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from avatar.common.errors import AvatarError

BINS = 15
RANGE = (0.05, 20.0)
"""Temperatures that may be fitted."""


def probabilities(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of `logits` (examples, labels) divided by `temperature`."""
    return np.asarray(softmax(logits.astype(np.float64) / temperature, axis=1))


def expected_calibration_error(
    probability: NDArray[np.floating[Any]], labels: NDArray[np.int64], bins: int = BINS
) -> float:
    """Mean distance of confidence and accuracy over equal bins of confidence, weighted by size; in [0, 1].

    `probability` (examples, labels) sums to 1 by row; the confidence is that of the predicted label.
    Equation 3 of Guo et al. 2017; the bins are (0, 1/bins], ..., (1 - 1/bins, 1].
    """
    if len(probability) != len(labels) or not len(labels):
        raise ValueError(f"{len(probability)} predictions for {len(labels)} labels")
    _finite(probability)
    confidence = probability.max(axis=1).astype(np.float64)
    right = (probability.argmax(axis=1) == labels).astype(np.float64)
    places = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(places, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def fit_temperature(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """The temperature within `RANGE` by which `logits` (examples, labels) must be divided for the smallest NLL.

    Section 4.2 of Guo et al. 2017; fit it on valid, never on test. It changes no predicted label. 1.0 where
    the data decides nothing: no example, equal logits, or all so right that the smallest temperature is best.
    """
    _finite(logits)
    if len(logits) != len(labels):
        raise ValueError(f"{len(logits)} predictions for {len(labels)} labels")
    if not len(labels) or bool((np.ptp(logits, axis=1) == 0).all()):
        return 1.0
    rows = np.arange(len(labels))
    exact = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(exact / np.exp(log_temperature), axis=1)[rows, labels].mean())

    low, high = np.log(RANGE)
    found = float(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x)
    if found - low < 1e-3 or loss(low) <= loss(found):
        return 1.0
    return float(np.exp(found))


def _finite(values: NDArray[np.floating[Any]]) -> None:
    broken = int((~np.isfinite(values)).sum())
    if broken:
        raise AvatarError(
            f"{broken} of {values.size} predictions are not finite",
            "the training diverged: lower the learning rate or the norm at which gradients are clipped",
        )
