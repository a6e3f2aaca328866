"""Decision thresholds (cuts): the cut of a score that is best on labelled examples by the metric of their data set."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.metrics import METRICS as METRICS
from avatar.metrics.base import Counts


@dataclass(frozen=True, slots=True)
class Cut:
    """Scores of at least `value` get label 1; `score` is the metric on the examples from which the cut was chosen."""

    value: float
    score: float


def best_cut(scores: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> Cut:
    """The best cut of `scores` (examples,) for `labels` (0 or 1); the smallest of equally good cuts.

    Its value is one of `scores`, or inf if label 0 for all examples is best. Choose it on valid or train, not on test.
    """
    if len(scores) != len(labels) or not len(labels):
        raise ValueError(
            f"{len(scores)} scores for {len(labels)} labels; there must be one for each label, and at least one"
        )
    values, index = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    positive = (labels == 1).astype(np.float64)
    ones = _at_least(np.bincount(index, weights=positive, minlength=len(values)))
    zeros = _at_least(np.bincount(index, weights=1 - positive, minlength=len(values)))
    reached = METRICS.get(metric).score(ones, zeros, ones[0] - ones, zeros[0] - zeros)
    best = int(reached.argmax())
    return Cut(float(np.append(values, np.inf)[best]), float(reached[best]))


def _at_least(counts: NDArray[Any]) -> Counts:
    """Number of examples at each value or above it, with a 0 appended."""
    return np.append(counts[::-1].cumsum()[::-1], 0.0)


def score_of(margins: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> float:
    """The score of a model by `metric`. `margins` (examples,) are the logits of label 1 minus those of label 0.

    A metric that tunes a threshold is computed at the best cut, any other at cut 0.
    """
    chosen = METRICS.get(metric)
    if chosen.tunes_threshold:
        return best_cut(margins, labels, metric).score
    if not len(labels):
        return 0.0
    cell = np.bincount(2 * (margins >= 0) + (labels == 1), minlength=4).astype(np.float64)
    tn, fn, fp, tp = cell[:, None]
    return float(chosen.score(tp, fp, fn, tn)[0])
