"""Pairs of functions with labels: clones or not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.metrics import label_scores, probability_scores
from avatar.serve.evaluate.functions import encoded
from avatar.serve.evaluate.kinds.base import KINDS, Example, Kind, Scored
from avatar.serve.evaluate.kinds.functions import one_label
from avatar.serve.predictor import Predictor
from avatar.tables.fields import label_field

FAR = 10.0
"""A share of clones that is this many times the one of the calibration is mentioned."""


def score(predictor: Predictor, examples: Sequence[Example]) -> Scored:
    """Every metric of labels and of probabilities."""
    functions = [function for example in examples for function in example.functions]
    read = encoded(predictor, functions)
    first, second = np.arange(0, len(functions), 2), np.arange(1, len(functions), 2)
    head = predictor.config.pair_head
    if head is None:
        chances = predictor.compare(read.vectors[first], read.vectors[second])[:, 1]
    else:
        languages = np.asarray([function.known_language or "" for function in functions])
        chances = predictor.clone_probability(
            read.vectors[first],
            read.vectors[second],
            (read.lengths[first], read.lengths[second]),
            (languages[first].tolist(), languages[second].tolist()),
        )
    labels = np.asarray([example.answer for example in examples], dtype=np.int64)
    threshold = predictor.config.threshold
    return Scored(
        {**label_scores((chances >= threshold).astype(np.int64), labels), **probability_scores(chances, labels)},
        {"pairs": len(labels), "clones": int(labels.sum())},
        (*one_label(labels), *_rate(head.base_rate if head else None, labels), *read.warnings),
        threshold,
    )


def _rate(base_rate: float | None, labels: NDArray[np.int64]) -> tuple[str, ...]:
    """A sentence if the file has many more clones than the code for which the probabilities are right."""
    share = float(labels.mean())
    if base_rate is None or share <= FAR * base_rate:
        return ()
    return (
        f"the student's probabilities are right where one pair of {1 / base_rate:,.0f} is a clone; in this file it is "
        f"one of {1 / share:,.1f}. So the calibration error is large, and few pairs reach the threshold. AUC, average "
        "precision and recall at 1 % false positives do not depend on it",
    )


KINDS.register("pairs")(
    Kind("pairs with labels", ("code1", "code2"), ("pair", "embedding"), score, "label", label_field)
)
