"""The interface of a judge: what a task's students are scored by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.bundle.pair_head import PairHead
from avatar.data.batching import TokenTable
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import CodeTokenizer
from avatar.measure.decision import Decision
from avatar.measure.metrics import Metrics
from avatar.measure.robustness import Example
from avatar.student.encoder import StudentModel


@dataclass(frozen=True)
class Judged:
    """A student's score on valid, the influence of each example on it (`measure.standard_error`), and its clusters.

    `clusters` (examples, 1 or 2): two examples are dependent if they share a number.
    """

    score: float
    influence: NDArray[np.float64]
    clusters: NDArray[np.int64]


@dataclass(frozen=True)
class TeacherOnTest:
    """The teacher's scores on test, and if it answers with labels, its logits (examples, 2) and their decision."""

    metrics: Metrics
    logits: NDArray[np.float32] | None
    decision: Decision


class Decided(Protocol):
    """How a bundle turns a student's output into a probability and a label: label 1 from `threshold` on."""

    @property
    def threshold(self) -> float:
        """In [0, 1]."""
        ...

    @property
    def temperature(self) -> float:
        """The number that logits are divided by."""
        ...

    @property
    def head(self) -> PairHead | None:
        """The calibrated head of a student whose answer is a vector."""
        ...


class Judge(Protocol):
    """Scores the students of a task."""

    def on_valid(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> Judged:
        """The score of a student on valid by `metric`."""
        ...

    def fit(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> Decided:
        """The decision that is best on valid."""
        ...

    def restored(self, values: Mapping[str, Any]) -> Decided:
        """The decision from plain data."""
        ...

    def measured(
        self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str, teacher: TeacherOnTest | None
    ) -> tuple[dict[str, float], Decided]:
        """All scores on valid and test by MLflow name, and the decision, fitted on valid."""
        ...

    def examples(self, corpus: Corpus, split: SplitName, count: int, seed: int) -> list[Example]:
        """Texts of `count` random examples of `split` that have an answer, or of all if `count` is 0."""
        ...

    def labels(
        self, model: StudentModel, tokenizer: CodeTokenizer, decision: Decided, examples: Sequence[Example]
    ) -> NDArray[np.int64]:
        """The student's labels (examples,) of examples."""
        ...

    def chance(self, corpus: Corpus, metric: str) -> float:
        """Score on valid of a student that learned nothing."""
        ...
