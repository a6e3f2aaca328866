"""The interface of a baseline: a cheap predictor, trained on the student's examples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class BaselineTask:
    """The input of a baseline: the texts of all functions, and examples as indices into them.

    `train`, `valid` and `test` (examples, arity) are indices into `texts`; `labels` are those of `train`. The threshold
    for `metric` is chosen on valid with `valid_labels`.
    """

    texts: list[str]
    train: NDArray[np.int64]
    labels: Labels
    test: NDArray[np.int64]
    seed: int
    valid: NDArray[np.int64]
    valid_labels: Labels
    metric: str = "accuracy"

    @property
    def train_texts(self) -> list[str]:
        """Each function of the training examples once: source of vocabularies and frequencies."""
        return [self.texts[row] for row in np.unique(self.train)]


@dataclass(frozen=True)
class Predicted:
    """Labels of test, and if the baseline gives them, probabilities of label 1, both (examples,)."""

    labels: Labels
    probabilities: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Baseline:
    """A predictor of test labels, its tasks, and its name in the report.

    With `truth_title`, it is also trained on the true labels of all training examples; that is its name then.
    """

    predict: Callable[[BaselineTask], Predicted]
    tasks: tuple[Task, ...]
    title: str
    truth_title: str = ""
