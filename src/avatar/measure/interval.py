"""The mean of repeated measurements, and how uncertain it is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

LEVEL = 0.95
"""The share of such intervals that hold the true mean."""


def mean_interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval by Student's t. It is a ValueError with fewer than two values."""
    array = np.asarray(values, dtype=np.float64)
    count = len(array)
    if count < 2:
        raise ValueError(f"an interval needs at least two values, {count} given")
    return float(array.mean()), float(t.ppf((1 + LEVEL) / 2, count - 1) * array.std(ddof=1) / np.sqrt(count))
