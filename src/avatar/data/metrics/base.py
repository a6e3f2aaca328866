"""What a metric is: its formula, title, format and threshold rule, used by training and reports."""

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
    """A score of a binary classifier that `dataset.metric` may name; higher is better.

    `title` is its name in reports, `short` its name in narrow columns. If `percent`, scores in [0, 1] are shown in per
    cent. If `tunes_threshold`, the best threshold is chosen on valid; otherwise it is probability 0.5. `uninformed` is
    the score of predictions without information, if that is one number: a threshold with no higher score is not used.
    """

    score: Score
    title: str
    short: str = ""
    percent: bool = True
    tunes_threshold: bool = True
    uninformed: float | None = None

    @property
    def scale(self) -> int:
        """The factor between a score and the number that is shown."""
        return 100 if self.percent else 1

    @property
    def form(self) -> str:
        """Python format specification of a scaled score."""
        return ".2f" if self.percent else ".3f"

    @property
    def unit(self) -> str:
        """The text after a scaled score."""
        return " %" if self.percent else ""

    @property
    def rewards_ones(self) -> bool:
        """Whether always predicting 1 scores higher than always predicting 0, if both labels are equally frequent."""
        none, one = np.zeros(1), np.ones(1)
        return bool(self.score(one, one, none, none)[0] > self.score(none, none, one, one)[0])

    def text(self, score: float) -> str:
        """A score as text: "95.98 %"."""
        return f"{self.scale * score:{self.form}}{self.unit}"

    def loss_text(self, loss: float) -> str:
        """A difference of two scores as text: "0.2 points"."""
        return f"{self.scale * loss:g}" + (" points" if self.percent else "")


METRICS: Registry[Metric] = Registry("metric")


def shares(part: Counts, whole: Counts) -> NDArray[np.float64]:
    """part / whole, and 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
