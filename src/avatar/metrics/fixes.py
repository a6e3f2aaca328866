"""Whether a model prefers the version of a function before a fix: pairwise accuracy."""

import numpy as np

from avatar.metrics.base import FIX_METRICS, FixMetric, Probabilities


def pairwise_accuracy(before: Probabilities, after: Probabilities) -> float:
    """Share of fixes before which the probability is higher than after; a tie counts one half. Chance is 0.5."""
    return float((np.sign(np.asarray(before, np.float64) - np.asarray(after, np.float64)).mean() + 1) / 2)


def interval(share: float, count: int, deviations: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share of `count` independent cases (Wilson 1927)."""
    squared = deviations**2 / count
    centre = (share + squared / 2) / (1 + squared)
    width = deviations / (1 + squared) * float(np.sqrt(share * (1 - share) / count + squared / (4 * count)))
    return max(0.0, centre - width), min(1.0, centre + width)


FIX_METRICS.register("pairwise_accuracy")(
    FixMetric(
        pairwise_accuracy,
        "fixes ranked right",
        short="fixes",
        meaning="share of fixes before which the probability is higher than after; 50 % is chance",
    )
)
