"""What a metric is: its formula, title, format and threshold rule, used by training, reports and `avatar evaluate`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError, did_you_mean
from avatar.common.registry import Registry
from avatar.metrics.vector_space import VectorSpace

Labels = NDArray[np.int64]
Probabilities = NDArray[np.floating[Any]]
Counts = NDArray[np.float64]
Scores = NDArray[np.float64]
Score = Callable[[Counts, Counts, Counts, Counts], NDArray[np.float64]]
"""Scores (n,) of n confusion matrices: true and false positives, false and true negatives, each (n,)."""


class Shown:
    """How a score is shown: its title, a short title, and whether scores in [0, 1] are shown in per cent.

    `meaning` explains the title in a few words, if that is needed.
    """

    title: str
    short: str
    percent: bool
    meaning: str = ""

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

    def text(self, score: float) -> str:
        """A score as text: "95.98 %"."""
        return f"{self.scale * score:{self.form}}{self.unit}"

    def loss_text(self, loss: float) -> str:
        """A difference of two scores as text: "0.2 points"."""
        return f"{self.scale * loss:g}" + (" points" if self.percent else "")


@dataclass(frozen=True)
class Metric(Shown):
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
    def rewards_ones(self) -> bool:
        """Whether always predicting 1 scores higher than always predicting 0, if both labels are equally frequent."""
        none, one = np.zeros(1), np.ones(1)
        return bool(self.score(one, one, none, none)[0] > self.score(none, none, one, one)[0])


METRICS: Registry[Metric] = Registry("metric")


def label_scores(answers: Labels, labels: Labels) -> dict[str, float]:
    """Every metric of labels by name, then precision and recall, from answers and true labels, 0 or 1, (examples,)."""
    if len(answers) != len(labels) or not len(labels):
        raise ValueError(f"{len(answers)} predictions for {len(labels)} labels")
    positive, predicted = labels == 1, answers == 1
    tp = int((positive & predicted).sum())
    fp = int((~positive & predicted).sum())
    fn = int((positive & ~predicted).sum())
    counts = [np.asarray([count], dtype=np.float64) for count in (tp, fp, fn, len(labels) - tp - fp - fn)]
    scores = {name: float(METRICS.get(name).score(*counts)[0]) for name in METRICS}
    return {**scores, "precision": tp / max(1, tp + fp), "recall": tp / max(1, tp + fn)}


@dataclass(frozen=True)
class ProbabilityMetric(Shown):
    """A score of a binary classifier's probabilities; no threshold is needed.

    `score` gives it in [0, 1] from the probabilities of label 1 and the true labels, both (examples,). It does not
    depend on the order of the examples, also if probabilities are equal. Higher is better unless `lower_is_better`.
    """

    score: Callable[[Probabilities, Labels], float]
    title: str
    short: str = ""
    percent: bool = True
    lower_is_better: bool = False
    meaning: str = ""


PROBABILITY_METRICS: Registry[ProbabilityMetric] = Registry("metric of probabilities")


def probability_scores(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    """Every metric of probabilities by name, from the probabilities of label 1 and the true labels, (examples,)."""
    if probabilities.shape != labels.shape or not len(labels):
        raise ValueError(f"{probabilities.shape} probabilities for {labels.shape} labels; at least one is needed")
    return {name: PROBABILITY_METRICS.get(name).score(probabilities, labels) for name in PROBABILITY_METRICS}


@dataclass(frozen=True)
class FixMetric(Shown):
    """A score of the probabilities of functions before and after a fix; higher is better.

    `score` gives it in [0, 1] from the probabilities of label 1 (vulnerable) before and after, both (fixes,).
    """

    score: Callable[[Probabilities, Probabilities], float]
    title: str
    short: str = ""
    percent: bool = True
    meaning: str = ""


FIX_METRICS: Registry[FixMetric] = Registry("metric of fixes")


def fix_scores(before: Probabilities, after: Probabilities) -> dict[str, float]:
    """Every metric of fixes by name, from the probabilities of label 1 before and after each fix, (fixes,)."""
    if before.shape != after.shape or not len(before):
        raise ValueError(f"{before.shape} probabilities before fixes and {after.shape} after; at least one is needed")
    return {name: FIX_METRICS.get(name).score(before, after) for name in FIX_METRICS}


@dataclass(frozen=True)
class VectorMetric(Shown):
    """A score of the vectors of functions in groups of clones; higher is better. `score` gives it in [0, 1].

    If it is a mean over functions, `of_each` gives the part of each function, NaN for one that has no part. Such a
    metric may be named by `dataset.metric`.
    """

    score: Callable[[VectorSpace], float]
    title: str
    short: str = ""
    percent: bool = True
    of_each: Callable[[VectorSpace], Scores] | None = None


VECTOR_METRICS: Registry[VectorMetric] = Registry("metric of vectors")


def mean_of_each(of_each: Callable[[VectorSpace], Scores], title: str, short: str = "") -> VectorMetric:
    """The metric that is the mean of `of_each`; 0 if no function has a part."""

    def score(space: VectorSpace) -> float:
        parts = of_each(space)
        return float(np.nanmean(parts)) if np.isfinite(parts).any() else 0.0

    return VectorMetric(score, title, short, of_each=of_each)


def shares(part: Counts, whole: Counts) -> NDArray[np.float64]:
    """part / whole, and 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


class Grouped(Protocol):
    """A task."""

    @property
    def grouped(self) -> bool:
        """Whether its students answer with vectors."""
        ...


def judging_metrics(task: Grouped) -> list[str]:
    """The metrics that may judge students of `task`."""
    if not task.grouped:
        return METRICS.names()
    return [name for name in VECTOR_METRICS.names() if VECTOR_METRICS.get(name).of_each is not None]


ALL: tuple[Registry[Any], ...] = (METRICS, PROBABILITY_METRICS, FIX_METRICS, VECTOR_METRICS)
"""Every registry of metrics, in the order of reports. Metrics with the same name in two of them look the same."""


def shown_metrics() -> dict[str, Shown]:
    """How each metric is shown, by name."""
    shown: dict[str, Shown] = {}
    for registry in ALL:
        for name in registry:
            shown.setdefault(name, registry.get(name))
    return shown


def shown_metric(name: str) -> Shown:
    """How the metric `name` of any kind is shown; an unknown name is a ConfigError."""
    shown = shown_metrics()
    if name not in shown:
        raise ConfigError(f"unknown metric '{name}'", did_you_mean(name, shown))
    return shown[name]
