"""How well the cosine tells pairs of clones from other pairs: AUC, recall at few false positives, natural precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import VECTOR_METRICS, VectorMetric
from avatar.metrics.ranking import auc, recall_at
from avatar.metrics.vector_space import VectorSpace

NATURAL_RATE = 1e-4
"""Share of clones among all pairs of functions of a code base."""
FALSE_POSITIVES = 1e-4
"""Share of other pairs that may be called clones, for the recall."""
FOUND = 0.5
"""Share of clones that is found at the threshold of the natural precision."""

Cosines = NDArray[np.floating[Any]]


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
    return recall_at(*_of_pairs(space), FALSE_POSITIVES)


def _precision(space: VectorSpace) -> float:
    return natural_precision(*_of_pairs(space))


VECTOR_METRICS.register("auc")(VectorMetric(_auc, "AUC"))
VECTOR_METRICS.register("recall_at_fpr")(
    VectorMetric(_recall, "recall at 1 false positive in 10,000", short="recall@1e-4")
)
VECTOR_METRICS.register("natural_precision")(
    VectorMetric(_precision, "precision at 1 clone in 10,000 pairs and recall 1/2", short="nat. prec.")
)
