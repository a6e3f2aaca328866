"""Scores of a binary classifier: accuracy, F1, precision, recall and Matthews' correlation."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import AvatarError


@dataclass(frozen=True, slots=True)
class Metrics:
    """Scores in [0, 1]; `mcc` in [-1, 1]. Precision, recall, F1 and MCC are 0 where they are undefined."""

    accuracy: float
    f1: float
    precision: float
    recall: float
    mcc: float

    def as_dict(self, prefix: str = "") -> dict[str, float]:
        """The scores by name, each name after `prefix`, such as "test/"."""
        return {prefix + name: value for name, value in asdict(self).items()}


def hard(outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Predicted labels (examples,) from labels, from probabilities of label 1, or from scores (examples, 2).

    A score may be -inf, a log-probability of 0. NaN or +inf is no prediction: an AvatarError.
    """
    broken = int((np.isnan(outputs) | np.isposinf(outputs)).sum())
    if broken:
        raise AvatarError(
            f"{broken} of {outputs.size} predictions are not finite",
            "the training diverged: lower the learning rate or the norm at which gradients are clipped",
        )
    if outputs.ndim == 2:
        return np.asarray(outputs.argmax(axis=1), dtype=np.int64)
    if np.issubdtype(outputs.dtype, np.floating):
        return (outputs > 0.5).astype(np.int64)
    return outputs.astype(np.int64)


def classification(labels: NDArray[np.int64], outputs: NDArray[Any]) -> Metrics:
    """Scores of `outputs` (anything that `hard` reads) against the true `labels` (examples,)."""
    predictions = hard(np.asarray(outputs))
    if len(predictions) != len(labels) or not len(labels):
        raise ValueError(f"{len(predictions)} predictions for {len(labels)} labels")
    positive, predicted = labels == 1, predictions == 1
    tp = int((positive & predicted).sum())
    fp = int((~positive & predicted).sum())
    fn = int((positive & ~predicted).sum())
    tn = len(labels) - tp - fp - fn
    spread = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return Metrics(
        accuracy=(tp + tn) / len(labels),
        f1=_share(2 * tp, 2 * tp + fp + fn),
        precision=_share(tp, tp + fp),
        recall=_share(tp, tp + fn),
        mcc=_share(tp * tn - fp * fn, spread),
    )


def spoken(score: float, metric: str) -> str:
    """A score as people say it: MCC plain, all others in percent."""
    return f"{score:.3f}" if metric == "mcc" else f"{100 * score:.2f} %"


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
