"""Matthews' correlation of labels and predictions."""

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import METRICS, Counts, Metric, shares


def score(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> NDArray[np.float64]:
    """In [-1, 1]; 0 if it is undefined."""
    return shares(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


METRICS.register("mcc")(Metric(score, "MCC", percent=False, uninformed=0.0))
