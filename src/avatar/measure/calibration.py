"""Calibration (are probabilities correct?): temperature scaling (Guo et al. 2017)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from avatar.common.errors import AvatarError

RANGE = (0.05, 20.0)
"""Range of fitted temperatures."""


def probabilities(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of `logits` (examples, labels) divided by `temperature`; NaN is an AvatarError."""
    shares = np.asarray(softmax(logits.astype(np.float64) / temperature, axis=1))
    _finite(shares)
    return shares


def fit_temperature(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """The temperature within `RANGE` by which `logits` (examples, labels) must be divided for the smallest NLL.

    Section 4.2 of Guo et al. 2017; use valid, never test. It changes no predicted label. The result is 1.0 if the data
    does not determine it: no example, equal logits, or all answers correct, so that the smallest temperature is best.
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
    best = float(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x)
    if best - low < 1e-3 or loss(low) <= loss(best):
        return 1.0
    return float(np.exp(best))


def _finite(values: NDArray[np.floating[Any]]) -> None:
    broken = int((~np.isfinite(values)).sum())
    if broken:
        raise AvatarError(
            f"{broken} of {values.size} predictions are not finite",
            "the training diverged: lower the learning rate or the norm to which gradients are clipped",
        )
