"""What a baseline is: a predictor that costs nothing, trained on the rows that the student saw."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class BaselineTask:
    """What a baseline is given: the texts of all functions, and examples as rows of them.

    `train`, `valid` and `test` (examples, arity) are rows of `texts`; `labels` are those of `train`. Thresholds that
    suit `metric` are found on valid with its `valid_labels`.
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
        """Each function of the training examples once: vocabularies and frequencies come from these."""
        return [self.texts[row] for row in np.unique(self.train)]


@dataclass(frozen=True)
class Baseline:
    """A predictor of test labels, the tasks that it knows, and its name in the report.

    With `truth_title` it is also trained on the true labels of all training examples, and shown under that name.
    """

    predict: Callable[[BaselineTask], Labels]
    tasks: tuple[Task, ...]
    title: str
    truth_title: str = ""
