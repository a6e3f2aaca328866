"""Standard errors of scores whose examples are not independent, because pairs share functions."""

import numpy as np
from numpy.typing import NDArray

from avatar.metrics import METRICS


def influences(answers: NDArray[np.int64], labels: NDArray[np.int64], metric: str = "accuracy") -> NDArray[np.float64]:
    """Influence of each example on the score by `metric`, (examples,), by the jackknife.

    It is (n - 1) times the loss of the score without the example (Efron 1982, chapter 2); for accuracy: 1 or 0, minus
    the accuracy. It depends only on the example's cell in the confusion matrix, so four values are computed.
    """
    if not len(answers) == len(labels) > 1:
        raise ValueError(f"{len(answers)} answers for {len(labels)} labels, at least 2 of each are needed")
    cell = 2 * (answers == 1).astype(np.int64) + (labels == 1)
    counts = np.bincount(cell, minlength=4).astype(np.float64)
    without = np.maximum(np.concatenate([counts[None], counts - np.eye(4)]), 0.0)
    zeros_right, zeros_wrong, ones_wrong, ones_right = without.T
    scores = METRICS.get(metric).score(ones_right, ones_wrong, zeros_wrong, zeros_right)
    return np.asarray(((len(labels) - 1) * (scores[0] - scores[1:]))[cell])


def standard_error(influence: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """Standard error of a score from the `influence` (examples,) of its examples, or of a difference of two scores.

    `members` (examples, 1 or 2) are the functions of each example. Two examples are dependent if they share a function:
    the variance is the sum of the products over all pairs of dependent examples (the dyadic cluster-robust variance;
    Aronow, Samii and Assenova 2015), and at least that of independent examples.
    """
    centred = influence - influence.mean()
    independent = float((centred**2).sum())
    ordered = np.sort(members, axis=1)
    first, last = ordered[:, 0], ordered[:, -1]
    two = first != last
    sums = np.bincount(first, centred, members.max() + 1)
    sums += np.bincount(last[two], centred[two], members.max() + 1)
    shared = float((sums**2).sum())
    if two.any():  # examples with the same two functions were counted twice, also an example with itself
        _, dyad = np.unique(ordered[two], axis=0, return_inverse=True)
        shared -= float((np.bincount(dyad.ravel(), centred[two]) ** 2).sum())
    return float(np.sqrt(max(shared, independent)) / len(influence))
