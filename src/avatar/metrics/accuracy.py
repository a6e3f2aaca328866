"""The share of correct predictions."""

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import METRICS, Counts, Metric


def score(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> NDArray[np.float64]:
    """In [0, 1]."""
    return (tp + tn) / (tp + fp + fn + tn)


METRICS.register("accuracy")(Metric(score, "accuracy", short="acc", tunes_threshold=False))
