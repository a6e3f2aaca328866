"""How right probabilities are: the expected calibration error."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import PROBABILITY_METRICS, Labels, Probabilities, ProbabilityMetric

BINS = 15


def expected_calibration_error(probability: NDArray[np.floating[Any]], labels: Labels, bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over equal bins of confidence, weighted by bin size; in [0, 1].

    `probability` (examples, labels) sums to 1 by row; the confidence is that of the predicted label.
    Equation 3 of Guo et al. 2017; the bins are (0, 1/bins], ..., (1 - 1/bins, 1].
    """
    if len(probability) != len(labels) or not len(labels):
        raise ValueError(f"{len(probability)} predictions for {len(labels)} labels")
    confidence = probability.max(axis=1).astype(np.float64)
    correct = (probability.argmax(axis=1) == labels).astype(np.float64)
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def _of_label_1(probabilities: Probabilities, labels: Labels) -> float:
    return expected_calibration_error(np.stack([1 - probabilities, probabilities], axis=1), labels)


PROBABILITY_METRICS.register("ece")(
    ProbabilityMetric(
        _of_label_1,
        "calibration error",
        short="ECE",
        lower_is_better=True,
        meaning="average difference between a probability and the share of right answers; lower is better",
    )
)
