"""How sure a score is, where examples are not independent: pairs share functions."""

import numpy as np
from numpy.typing import NDArray

from avatar.data.metrics import METRICS


def influences(answers: NDArray[np.int64], labels: NDArray[np.int64], metric: str = "accuracy") -> NDArray[np.float64]:
    """By how much each example pulls the score by `metric`, (examples,): what the jackknife says.

    (n - 1) times what the score loses without the example (Efron 1982, chapter 2): for accuracy 1 or 0, less the
    accuracy. An example acts only through its cell of the confusion matrix, so that four values are computed.
    """
    if not len(answers) == len(labels) > 1:
        raise ValueError(f"{len(answers)} answers for {len(labels)} labels, of which there must be two")
    cell = 2 * (answers == 1).astype(np.int64) + (labels == 1)
    counts = np.bincount(cell, minlength=4).astype(np.float64)
    without = np.maximum(np.concatenate([counts[None], counts - np.eye(4)]), 0.0)
    zeros_right, zeros_wrong, ones_wrong, ones_right = without.T
    scores = METRICS.get(metric).score(ones_right, ones_wrong, zeros_wrong, zeros_right)
    return np.asarray(((len(labels) - 1) * (scores[0] - scores[1:]))[cell])


def standard_error(influence: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """Standard error of a score whose examples have this `influence` (examples,), or of the difference of two scores.

    `members` (examples, 1 or 2) are the functions of each example. Two examples depend on each other where they share a
    function: the variance is the sum of the products of all pairs of examples that do (the dyadic cluster-robust
    variance; Aronow, Samii and Assenova 2015), and no less than that of independent examples.
    """
    centred = influence - influence.mean()
    independent = float((centred**2).sum())
    ordered = np.sort(members, axis=1)
    first, last = ordered[:, 0], ordered[:, -1]
    two = first != last
    sums = np.bincount(first, centred, members.max() + 1)
    sums += np.bincount(last[two], centred[two], members.max() + 1)
    shared = float((sums**2).sum())
    if two.any():  # what shares both functions was counted twice, an example with itself included
        _, dyad = np.unique(ordered[two], axis=0, return_inverse=True)
        shared -= float((np.bincount(dyad.ravel(), centred[two]) ** 2).sum())
    return float(np.sqrt(max(shared, independent)) / len(influence))
