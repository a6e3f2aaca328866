"""Scores of a binary classifier: all metrics of `avatar.metrics`, precision and recall."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import AvatarError
from avatar.metrics import fix_scores, label_scores, probability_scores, shown_metric


class Metrics:
    """Scores by name, such as all metrics of answers, precision and recall. Each is also an attribute."""

    accuracy: float
    f1: float
    mcc: float
    precision: float
    recall: float

    def __init__(self, **scores: float) -> None:
        vars(self).update(scores)

    def as_dict(self, prefix: str = "") -> dict[str, float]:
        """The scores by name, each name after `prefix`, such as "test/"."""
        return {prefix + name: value for name, value in vars(self).items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metrics) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(sorted(vars(self).items())))

    def __repr__(self) -> str:
        return f"Metrics({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def hard(outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Predicted labels (examples,) from labels, from probabilities of label 1, or from scores (examples, 2).

    A score may be -inf, the logarithm of probability 0. NaN or +inf is an AvatarError.
    """
    broken = int((np.isnan(outputs) | np.isposinf(outputs)).sum())
    if broken:
        raise AvatarError(
            f"{broken} of {outputs.size} predictions are not finite",
            "the training diverged: lower the learning rate or the norm to which gradients are clipped",
        )
    if outputs.ndim == 2:
        return np.asarray(outputs.argmax(axis=1), dtype=np.int64)
    if np.issubdtype(outputs.dtype, np.floating):
        return (outputs > 0.5).astype(np.int64)
    return outputs.astype(np.int64)


def classification(labels: NDArray[np.int64], outputs: NDArray[Any]) -> Metrics:
    """Scores of `outputs` (in any form that `hard` accepts) against the true `labels` (examples,)."""
    return Metrics(**label_scores(hard(np.asarray(outputs)), labels))


def scored(
    labels: NDArray[np.int64],
    answers: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    fixes: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Metrics:
    """Scores of `answers` and of the `probabilities` of label 1 against the true `labels`, all (examples,).

    `fixes` has the rows of the examples before and after each fix, (fixes,) each; without fixes it is None.
    """
    scores = {**classification(labels, answers).as_dict(), **probability_scores(probabilities, labels)}
    if fixes is not None:
        scores |= fix_scores(*(probabilities[rows] for rows in fixes))
    return Metrics(**scores)


def score_text(score: float, metric: str) -> str:
    """A score as text, such as "95.98 %"."""
    return shown_metric(metric).text(score)
