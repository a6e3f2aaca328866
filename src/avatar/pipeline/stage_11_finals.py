"""Stage 11: train the winner and its challengers with the whole recipe; keep the cheapest that is as good."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DivergedError
from avatar.common.logging import get_logger
from avatar.config.schema import SearchConfig
from avatar.measure.metrics import score_text
from avatar.measure.standard_error import standard_error
from avatar.metrics import shown_metric
from avatar.pipeline import stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_08_surrogate import FittedSurrogate
from avatar.pipeline.stage_09_search import Searched
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.search.finalists import challengers, cheapest_as_good, costs
from avatar.search.result import SearchResult, result_of
from avatar.search.run_search import objectives_of
from avatar.space.architecture import Architecture

log = get_logger("finals")

ONLY_OBJECTIVES = tuple(name for name in vars(SearchConfig()) if name not in ("objectives", "weights"))


@dataclass(frozen=True)
class ChallengerInputs:
    """The search, and its winner's student, which is None if its training diverged."""

    data: Data
    surrogate: FittedSurrogate
    searched: Searched
    first: TrainedStudent | None


@dataclass(frozen=True)
class ChallengerSettings:
    """The number of finalists, and the metric and the objectives that compare them."""

    metric: str = setting("dataset.metric")
    finalists: int = setting("search.finalists")
    objectives: SearchConfig = setting("search", without=ONLY_OBJECTIVES)


def _build_challengers(inputs: ChallengerInputs, settings: ChallengerSettings, folder: Path) -> dict[str, Any]:
    spread = 0.0
    if inputs.first is not None:
        spread = float(_errors([inputs.first])[0])
    others = challengers(
        _pool(inputs.surrogate, inputs.searched, settings.objectives),
        objectives_of(settings.objectives),
        inputs.searched.winner,
        spread,
        settings.finalists - 1,
    )
    return {"architectures": [arch.as_dict() for arch in others]}


CHALLENGERS = Stage(
    "challengers",
    1,
    "Choose other architectures to compare with the winner",
    ChallengerInputs,
    ChallengerSettings,
    _build_challengers,
)


@dataclass(frozen=True)
class Inputs:
    """The search, all students with the whole training, and the messages of trainings that diverged."""

    data: Data
    surrogate: FittedSurrogate
    searched: Searched
    students: tuple[TrainedStudent, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """The metric and the objectives that compare the students."""

    metric: str = setting("dataset.metric")
    objectives: SearchConfig = setting("search", without=ONLY_OBJECTIVES)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    students, pool = inputs.students, _pool(inputs.surrogate, inputs.searched, settings.objectives)
    out = "".join(f"Left out: {failure}. " for failure in inputs.failures)
    if len(students) == 1:
        return {"kept": 0, "sentence": out.strip()}
    scores = np.array([student.score for student in students])
    rows = [pool.architectures.index(student.model.arch) for student in students]
    cost = costs(pool, objectives_of(settings.objectives))[rows]
    sound = np.flatnonzero([not student.collapsed for student in students])
    compared = sound if len(sound) else np.arange(len(students))  # one that collapsed loses against any that did not
    errors = _errors([students[index] for index in compared], apart=True)
    kept = int(compared[cheapest_as_good(scores[compared], errors, cost[compared])])
    return {"kept": kept, "sentence": out + _sentence(students, compared.tolist(), errors, kept, settings.metric)}


FINALS = Stage("finals", 2, "Keep the cheapest student that is as accurate as the best", Inputs, Settings, _build)


@dataclass(frozen=True)
class Finals:
    """The student that is kept, all finalists, and the reason; the reason is "" if there is only one finalist."""

    student: TrainedStudent
    finalists: tuple[TrainedStudent, ...]
    sentence: str = ""


def run(job: Job, data: Data, labels: Labels, surrogate: FittedSurrogate, searched: Searched) -> Finals:
    """Train the search's winner, then its challengers up to `search.finalists`, and keep one.

    Short trainings and surrogates are noisy, and a student that learned in a short training can collapse with the whole
    recipe. So the score on valid after the whole training decides, and a finalist whose trainings all collapsed loses.
    Other rules than search.rule=accurate have one finalist. A finalist whose trainings diverge is left out; if all
    diverge, the error of the last one is raised.
    """
    cfg = job.cfg.search
    if cfg.finalists == 1 or cfg.rule != "accurate":
        brief = searched.brief_score(searched.winner)
        winner = stage_10_student.run(job, data, labels, searched.winner, "student", brief)
        return Finals(winner, (winner,))
    finalists: list[TrainedStudent] = []
    failures: list[DivergedError] = []

    def train(arch: Architecture, number: int) -> None:
        try:
            brief = searched.brief_score(arch)
            finalists.append(stage_10_student.run(job, data, labels, arch, f"finalist {number}", brief))
        except DivergedError as error:
            log.warning("finalist %d is left out: %s", number, error.message)
            failures.append(error)

    train(searched.winner, 1)
    first = finalists[0] if finalists else None
    others = job.make(CHALLENGERS, ChallengerInputs(data, surrogate, searched, first))
    for number, genes in enumerate(others.values["architectures"], start=2):
        train(Architecture.from_dict(genes), number)
    if not finalists:
        raise failures[-1]
    messages = tuple(error.message for error in failures)
    artifact = job.make(FINALS, Inputs(data, surrogate, searched, tuple(finalists), messages))
    sentence = artifact.values["sentence"]
    if sentence:
        log.info("%s", sentence)
    return Finals(finalists[artifact.values["kept"]], tuple(finalists), sentence)


def _pool(surrogate: FittedSurrogate, searched: Searched, cfg: SearchConfig) -> SearchResult:
    """The trained candidates and, if the surrogate is better than the constant, the predicted front."""
    measured, predicted = searched.measured, searched.result
    archs, values = list(measured.architectures), [measured.values]
    if surrogate.accuracy.beats_constant:
        known = set(archs)
        new = [index for index in predicted.front if predicted.architectures[index] not in known]
        archs += [predicted.architectures[index] for index in new]
        values.append(predicted.values[new])
    return result_of(archs, np.concatenate(values), objectives_of(cfg), 0.0)


def _errors(students: Sequence[TrainedStudent], apart: bool = False) -> NDArray[np.float64]:
    """Standard errors (students,) of the scores on valid, or with `apart` of their distances to the best score."""
    pulls = [student.judged.influence for student in students]
    best = pulls[int(np.argmax([student.score for student in students]))]
    clusters = students[0].judged.clusters
    return np.array([standard_error(best - pull if apart else pull, clusters) for pull in pulls])


def _sentence(
    students: Sequence[TrainedStudent], compared: Sequence[int], errors: NDArray[np.float64], kept: int, metric: str
) -> str:
    """Why a student is kept. `errors` are those of the `compared` students, whose training did not collapse."""
    best = max(compared, key=lambda index: students[index].score)
    error_of = dict(zip(compared, errors, strict=True))

    def remark(index: int) -> str:
        if index not in error_of:
            return " (its training collapsed)"
        distance = students[best].score - students[index].score
        return "" if index == best else f" ({_below(distance, error_of[index], metric)})"

    shown = "; ".join(
        f"'{student.name}' {score_text(student.score, metric)}{remark(index)}" for index, student in enumerate(students)
    )
    reason = (
        "it is the best, and no cheaper one is within one standard error of it"
        if kept == best
        else "it is the cheapest within one standard error of the best"
    )
    if len(compared) < len(students):
        reason += ", among those whose training did not collapse"
    return (
        f"{len(students)} finalists were fully trained; {metric} on valid: {shown}. "
        f"'{students[kept].name}' is kept: {reason}. "
        "The standard error considers that examples share functions or groups."
    )


def _below(distance: float, error: float, metric: str) -> str:
    shown = shown_metric(metric)
    return f"{shown.scale * distance:{shown.form}} below the best, standard error {shown.scale * error:{shown.form}}"
