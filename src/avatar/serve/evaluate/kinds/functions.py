"""Functions with labels: vulnerable or not."""

from collections.abc import Sequence

import numpy as np

from avatar.metrics import label_scores, probability_scores
from avatar.serve.evaluate.functions import encoded
from avatar.serve.evaluate.kinds.base import KINDS, Example, Kind, Scored
from avatar.serve.predictor import Predictor
from avatar.tables.fields import label_field


def score(predictor: Predictor, examples: Sequence[Example]) -> Scored:
    """Every metric of labels and of probabilities."""
    read = encoded(predictor, [example.functions[0] for example in examples])
    chances = predictor.compare(read.vectors)[:, 1]
    labels = np.asarray([example.answer for example in examples], dtype=np.int64)
    threshold = predictor.config.threshold
    return Scored(
        {**label_scores((chances >= threshold).astype(np.int64), labels), **probability_scores(chances, labels)},
        {"functions": len(labels), "with label 1": int(labels.sum())},
        (*one_label(labels), *read.warnings),
        threshold,
    )


def one_label(labels: np.ndarray) -> tuple[str, ...]:
    """A sentence if all labels are the same."""
    if 0 < labels.sum() < len(labels):
        return ()
    return (f"all examples have the label {int(labels[0])}: AUC, average precision and MCC say nothing here",)


KINDS.register("functions")(Kind("functions with labels", ("code",), ("function",), score, "label", label_field))
