"""How well the cosine tells pairs of clones from other pairs: AUC, recall at few false positives, natural precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.metrics.base import VECTOR_METRICS, VectorMetric
from avatar.data.vector_space import VectorSpace

NATURAL_RATE = 1e-4
"""Share of clones among all pairs of functions of a code base."""
FALSE_POSITIVES = 1e-4
"""Share of other pairs that may be called clones, for the recall."""
FOUND = 0.5
"""Share of clones that is found at the threshold of the natural precision."""

Cosines = NDArray[np.floating[Any]]


def auc(clones: Cosines, others: Cosines) -> float:
    """Probability that a pair of clones has a higher cosine than another pair; a tie counts one half."""
    if not (len(clones) and len(others)):
        return 0.5
    ordered = np.sort(others)
    below, upto = (np.searchsorted(ordered, clones, side).mean() for side in ("left", "right"))
    return float((below + upto) / 2 / len(others))


def recall_at(clones: Cosines, others: Cosines, false_positives: float = FALSE_POSITIVES) -> float:
    """Share of clones above the lowest threshold above which at most this share of other pairs is."""
    if not len(clones):
        return 0.0
    if not len(others):
        return 1.0
    allowed = int(np.floor(false_positives * len(others) + 1e-9))
    if allowed >= len(others):
        return 1.0
    highest = np.partition(others, len(others) - 1 - allowed)[len(others) - 1 - allowed]
    return float((clones > highest).mean())


def natural_precision(clones: Cosines, others: Cosines, rate: float = NATURAL_RATE, found: float = FOUND) -> float:
    """Share of clones among the pairs at or above the threshold that finds `found` of the clones, in a code base.

    There, `rate` of all pairs are clones. If no other pair reaches the threshold, it is 1.
    """
    if not len(clones):
        return 0.0
    threshold = np.sort(clones)[::-1][max(0, int(np.ceil(found * len(clones))) - 1)]
    right, wrong = (clones >= threshold).mean(), (others >= threshold).mean() if len(others) else 0.0
    return float(rate * right / (rate * right + (1 - rate) * wrong))


def _of_pairs(space: VectorSpace) -> tuple[Cosines, Cosines]:
    return space.pairs.clones, space.pairs.others


def _auc(space: VectorSpace) -> float:
    return auc(*_of_pairs(space))


def _recall(space: VectorSpace) -> float:
    return recall_at(*_of_pairs(space))


def _precision(space: VectorSpace) -> float:
    return natural_precision(*_of_pairs(space))


VECTOR_METRICS.register("auc")(VectorMetric(_auc, "AUC"))
VECTOR_METRICS.register("recall_at_fpr")(
    VectorMetric(_recall, "recall at 1 false positive in 10,000", short="recall@1e-4")
)
VECTOR_METRICS.register("natural_precision")(
    VectorMetric(_precision, "precision at 1 clone in 10,000 pairs and recall 1/2", short="nat. prec.")
)
