"""What a metric says about itself; whoever judges by it or shows it asks here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.registry import Registry

Counts = NDArray[np.float64]
Score = Callable[[Counts, Counts, Counts, Counts], NDArray[np.float64]]
"""Scores (n,) of n confusion matrices: true and false positives, false and true negatives, each (n,)."""


@dataclass(frozen=True)
class Metric:
    """A score of a binary classifier by which a data set may be judged (`dataset.metric`); higher is better.

    `title` is how people call it, `short` the same for a narrow column. Scores in [0, 1] are shown in per cent where
    `percent` is true. `tunes_threshold`: the threshold that suits it is sought on valid; else answers count as a model
    gives them, at probability 0.5. `uninformed` is the score of answers that tell nothing, where there is one such
    score: a threshold that reaches no more is not used.
    """

    score: Score
    title: str
    short: str = ""
    percent: bool = True
    tunes_threshold: bool = True
    uninformed: float | None = None

    @property
    def scale(self) -> int:
        """What a score is multiplied by to be shown."""
        return 100 if self.percent else 1

    @property
    def form(self) -> str:
        """Python's format of a scaled score."""
        return ".2f" if self.percent else ".3f"

    @property
    def unit(self) -> str:
        """What stands behind a scaled score."""
        return " %" if self.percent else ""

    @property
    def rewards_ones(self) -> bool:
        """Whether to answer 1 always scores higher than to answer 0 always, where both labels are equally frequent."""
        none, one = np.zeros(1), np.ones(1)
        return bool(self.score(one, one, none, none)[0] > self.score(none, none, one, one)[0])

    def text(self, score: float) -> str:
        """A score as people say it: "95.98 %"."""
        return f"{self.scale * score:{self.form}}{self.unit}"

    def loss_text(self, loss: float) -> str:
        """A difference of two scores: "0.2 points"."""
        return f"{self.scale * loss:g}" + (" points" if self.percent else "")


METRICS: Registry[Metric] = Registry("metric")


def shares(part: Counts, whole: Counts) -> NDArray[np.float64]:
    """part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
