"""The harmonic mean of precision and recall of label 1."""

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import METRICS, Counts, Metric, shares


def score(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> NDArray[np.float64]:
    """In [0, 1]; 0 if it is undefined."""
    return shares(2 * tp, 2 * tp + fp + fn)


METRICS.register("f1")(Metric(score, "F1"))
