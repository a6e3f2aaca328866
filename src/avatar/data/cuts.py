"""Where to cut a score into no and yes: the cut that some labelled examples like best, by the metric of their set."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.metrics import METRICS as METRICS
from avatar.data.metrics.base import Counts


@dataclass(frozen=True, slots=True)
class Cut:
    """Scores of at least `value` are label 1; `score` is what that reaches on the examples it was found on."""

    value: float
    score: float


def best_cut(scores: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> Cut:
    """The cut of `scores` (examples,) that is best for `labels` (0 or 1); of equally good ones the smallest.

    Its value is one of `scores`, or inf where it is best never to say 1. Find it on valid or train, never on test.
    """
    if len(scores) != len(labels) or not len(labels):
        raise ValueError(f"{len(scores)} scores for {len(labels)} labels")
    values, place = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    positive = (labels == 1).astype(np.float64)
    ones = _at_least(np.bincount(place, weights=positive, minlength=len(values)))
    zeros = _at_least(np.bincount(place, weights=1 - positive, minlength=len(values)))
    reached = METRICS.get(metric).score(ones, zeros, ones[0] - ones, zeros[0] - zeros)
    best = int(reached.argmax())
    return Cut(float(np.append(values, np.inf)[best]), float(reached[best]))


def _at_least(counts: NDArray[Any]) -> Counts:
    """How many examples lie at each value or above it, and 0 behind the last."""
    return np.append(counts[::-1].cumsum()[::-1], 0.0)


def score_of(margins: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> float:
    """How good a model is by `metric`, from the margin of label 1 over label 0, (examples,).

    A metric that tunes no threshold counts the answers as the model gives them, with the cut at 0; any other is that of
    the best cut.
    """
    chosen = METRICS.get(metric)
    if chosen.tunes_threshold:
        return best_cut(margins, labels, metric).score
    if not len(labels):
        return 0.0
    cell = np.bincount(2 * (margins >= 0) + (labels == 1), minlength=4).astype(np.float64)
    tn, fn, fp, tp = cell[:, None]
    return float(chosen.score(tp, fp, fn, tn)[0])
