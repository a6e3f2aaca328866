"""How well probabilities rank examples: AUC, average precision, precision at the top, recall at few false positives."""

from functools import partial

import numpy as np

from avatar.metrics.base import PROBABILITY_METRICS, Labels, Probabilities, ProbabilityMetric

FALSE_POSITIVES = 0.01
"""Share of the examples with label 0 that may be reported, for the recall."""
TOP = (0.01, 0.05, 0.1)
"""Shares of all examples, those with the highest probability, in which the precision is measured."""


def auc(positives: Probabilities, negatives: Probabilities) -> float:
    """Probability that a positive example has a higher score than a negative one; a tie counts one half."""
    if not (len(positives) and len(negatives)):
        return 0.5
    ordered = np.sort(negatives)
    below, upto = (np.searchsorted(ordered, positives, side).mean() for side in ("left", "right"))
    return float((below + upto) / 2 / len(negatives))


def recall_at(positives: Probabilities, negatives: Probabilities, false_positives: float) -> float:
    """Share of positives above the lowest threshold above which at most this share of negatives is."""
    if not len(positives):
        return 0.0
    if not len(negatives):
        return 1.0
    allowed = int(np.floor(false_positives * len(negatives) + 1e-9))
    if allowed >= len(negatives):
        return 1.0
    highest = np.partition(negatives, len(negatives) - 1 - allowed)[len(negatives) - 1 - allowed]
    return float((positives > highest).mean())


def average_precision(probabilities: Probabilities, labels: Labels) -> float:
    """Mean of the precisions at each positive example's probability; 0 without a positive example.

    Equal probabilities are one step of the precision-recall curve, without interpolation, as in scikit-learn.
    """
    positive = labels == 1
    if not positive.any():
        return 0.0
    values, index = np.unique(-probabilities, return_inverse=True)
    right = np.cumsum(np.bincount(index, weights=positive, minlength=len(values)))
    reported = np.cumsum(np.bincount(index, minlength=len(values)))
    steps = np.diff(right, prepend=0.0) / positive.sum()
    return float((steps * right / reported).sum())


def precision_at_top(probabilities: Probabilities, labels: Labels, share: float) -> float:
    """Share of label 1 among the `share` of all examples with the highest probabilities, at least one example.

    Of examples with the same probability at the border, each has the same chance to be among them.
    """
    count = max(1, int(np.ceil(share * len(labels) - 1e-9)))
    border = np.partition(probabilities, len(labels) - count)[len(labels) - count]
    above, at = probabilities > border, probabilities == border
    right = (labels[above] == 1).sum() + (count - above.sum()) * (labels[at] == 1).mean()
    return float(right / count)


def _auc(probabilities: Probabilities, labels: Labels) -> float:
    return auc(probabilities[labels == 1], probabilities[labels != 1])


def _recall(probabilities: Probabilities, labels: Labels) -> float:
    return recall_at(probabilities[labels == 1], probabilities[labels != 1], FALSE_POSITIVES)


PROBABILITY_METRICS.register("auc")(ProbabilityMetric(_auc, "AUC"))
PROBABILITY_METRICS.register("average_precision")(ProbabilityMetric(average_precision, "average precision", short="AP"))
for _share in TOP:
    _percent = f"{100 * _share:g}"
    PROBABILITY_METRICS.register(f"precision_at_{_percent:0>2}")(
        ProbabilityMetric(
            partial(precision_at_top, share=_share),
            f"precision at top {_percent} %",
            short=f"top {_percent} %",
            meaning=f"share of label 1 in the {_percent} % of the examples with the highest probabilities",
        )
    )
PROBABILITY_METRICS.register("recall_at_1_fpr")(
    ProbabilityMetric(
        _recall,
        "recall at 1 % false positives",
        short="recall@1%",
        meaning="share of label 1 above the threshold that 1 % of the examples with label 0 exceed",
    )
)
