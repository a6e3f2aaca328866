"""Stage 8: surrogates that predict the scores of untrained architectures, checked by cross-validation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.config.schema import SearchSpaceConfig, SurrogateConfig
from avatar.measure.judging import JUDGES
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting, unkeyed
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.search.halving import FinalScores, final_scores, saved_share, schedule
from avatar.search.objectives import OBJECTIVES, MeasuredObjective, measured_names
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace
from avatar.surrogate.background import Background, Situation
from avatar.surrogate.base import SURROGATES, informed
from avatar.surrogate.choice import Lesson, SurrogateChoice, choose, refitted
from avatar.surrogate.descriptors import Descriptors, describable, describe
from avatar.surrogate.trainings import read_trainings, trainings_digest

log = get_logger("surrogate")

NOTHING_FAILED = float("-inf")
"""Floor for objectives other than the accuracy. No value of theirs means that a training failed."""
JUDGED = "accuracy"
"""The objective of the candidates' scores. Its surrogate is always fitted, also if the search has other objectives."""


@dataclass(frozen=True)
class DescribedInputs:
    """The data set."""

    data: Data


@dataclass(frozen=True)
class DescribedSettings:
    """The metric of the scores, and what tells data sets apart in a table."""

    metric: str = setting("dataset.metric")
    name: str = setting("dataset.name")
    language: str | None = setting("dataset.language")


def _describe(inputs: DescribedInputs, settings: DescribedSettings, folder: Path) -> dict[str, Any]:
    about = describe(inputs.data.corpus, settings.metric)
    return {"name": f"{settings.name} {settings.language or ''}".strip(), "descriptors": asdict(about)}


DESCRIBED = Stage(
    "described",
    1,
    "Describe the data set in numbers, to compare it with those of recorded trainings",
    DescribedInputs,
    DescribedSettings,
    _describe,
)


@dataclass(frozen=True)
class Inputs:
    """All candidates so far, the data with which they are scored, and its description if a surrogate may need it."""

    data: Data
    candidates: tuple[Candidate, ...]
    described: Artifact | None


@dataclass(frozen=True)
class Settings:
    """The space, the surrogate's settings, and the objectives that it predicts."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    space: SearchSpaceConfig = setting("search_space")
    surrogate: SurrogateConfig = setting("surrogate", without=("candidates", "trainings"))
    trainings: str = setting("surrogate.trainings", via=trainings_digest)
    table: str | None = unkeyed("surrogate.trainings", why="the digest of its rows is in the key")
    measured: tuple[str, ...] = setting("search.objectives", via=measured_names)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    rungs = schedule(settings.surrogate)
    saved, halving = None, ""
    if len(rungs) > 1:
        saved = saved_share([len(candidate.trainings) for candidate in inputs.candidates], rungs)
        halving = _halving_sentence(final_scores(_ladders(inputs), len(rungs)), len(rungs), saved)
        log.info("surrogate: %s", halving)
    choices, lines, lesson = {}, [], _lesson(inputs, settings)
    for name, (encoded, values) in _observations(inputs, settings).items():
        floor = constant_score(inputs.data, settings.metric) if name == JUDGED else NOTHING_FAILED
        choice = choose(settings.surrogate, encoded, values, settings.seed, floor, lesson if name == JUDGED else None)
        log.info("surrogate of %s: %s", name, choice.sentence)
        choices[name] = {entry.name: getattr(choice, entry.name) for entry in fields(choice) if entry.name != "model"}
        lines += [f"{name}, {other}: {validation}" for other, validation in choice.validation.items()]
    write_text(folder / "validation.txt", "\n".join(lines) + "\n")
    return {"choices": choices, "saved_share": saved, "halving": halving}


SURROGATE = Stage("surrogate", 2, "Choose and fit the model that predicts accuracy", Inputs, Settings, _build)


def _lesson(inputs: Inputs, settings: Settings) -> Lesson | None:
    """What recorded trainings say about the candidates' scores; None if no surrogate can learn from them."""
    if inputs.described is None:
        return None
    about = Descriptors(**inputs.described.values["descriptors"])
    examples = max(candidate.artifact.values["examples"] for candidate in inputs.candidates)
    here = Situation(about, examples, schedule(settings.surrogate)[-1].epochs)
    background = Background.of(read_trainings(settings.table), here, inputs.data.corpus.task)
    return Lesson(background, background.encode([candidate.arch for candidate in inputs.candidates]))


def _ladders(inputs: Inputs) -> list[list[float]]:
    return [candidate.scores for candidate in inputs.candidates]


def _observations(inputs: Inputs, settings: Settings) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """By measured objective: encodings (n, genes) and values (n,) for the fit of its surrogate.

    Candidates that successive halving stopped early have an estimated final score. For other objectives only full
    trainings are used: a student with a short training has few prediction flips, whatever its architecture.
    """
    space = SearchSpace.from_config(settings.space)
    encoded = space.encode([candidate.arch for candidate in inputs.candidates])
    scores = final_scores(_ladders(inputs), len(schedule(settings.surrogate)))
    observations = {JUDGED: (encoded, scores.mean)}
    full = [row for row, candidate in enumerate(inputs.candidates) if candidate.complete]
    for name in settings.measured:
        if name != JUDGED:
            values = np.array([inputs.candidates[row].measured[name] for row in full])
            observations[name] = (encoded[full], values)
    return observations


@dataclass(frozen=True)
class FittedSurrogate:
    """The chosen surrogates over a space, by measured objective.

    The surrogate of the accuracy is fitted on `scores` (candidates,). `saved_share` is the share of the candidates'
    examples x epochs that successive halving saved, `halving` a sentence about it; None and "" without halving.
    """

    space: SearchSpace
    choices: Mapping[str, SurrogateChoice]
    background: Background | None
    artifact: Artifact
    scores: FinalScores
    saved_share: float | None
    halving: str

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.artifact.key

    @property
    def accuracy(self) -> SurrogateChoice:
        """The surrogate of the score on valid by dataset.metric."""
        return self.choices[JUDGED]

    def encode(self, architectures: Sequence[Architecture], name: str = JUDGED) -> NDArray[np.float64]:
        """Rows (n, d) that the surrogate of the objective `name` reads."""
        if self.background is not None and name == JUDGED and informed(self.choices[name].name):
            return self.background.encode(architectures)
        return self.space.encode(architectures)

    def predict(self, name: str, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Predicted values (n,) of the objective `name`, limited to [0, 1]."""
        return np.clip(self.choices[name].model.predict(self.encode(architectures, name))[0], 0.0, 1.0)


def run(job: Job, data: Data, space: SearchSpace, candidates: Sequence[Candidate]) -> FittedSurrogate:
    """Choose regressors by cross-validation, and fit them on all candidates so far."""
    settings, described = SURROGATE.read(job.cfg), None
    if may_be_informed(settings.surrogate, data):
        described = job.make(DESCRIBED, DescribedInputs(data))
    inputs = Inputs(data, tuple(candidates), described)
    artifact = job.make(SURROGATE, inputs)
    values, lesson = artifact.values, _lesson(inputs, settings)
    choices = {
        name: refitted(values["choices"][name], *observed, settings.seed, lesson if name == JUDGED else None)
        for name, observed in _observations(inputs, settings).items()
    }
    if artifact.reused:
        log.info("surrogate: %s", choices[JUDGED].sentence)
    scores = final_scores(_ladders(inputs), len(schedule(settings.surrogate)))
    background = lesson.background if lesson is not None else None
    return FittedSurrogate(space, choices, background, artifact, scores, values["saved_share"], values["halving"])


def may_be_informed(config: SurrogateConfig, data: Data) -> bool:
    """Whether a surrogate that learns from recorded trainings may be used on the data."""
    names = SURROGATES.names() if config.name == "auto" else [config.name]
    return describable(data.corpus.task) and any(informed(name) for name in names)


def objective_titles(surrogate: FittedSurrogate) -> dict[str, str]:
    """Title in the report of each measured objective except the accuracy."""
    return {
        name: OBJECTIVES.get(name).title
        for name in surrogate.choices
        if name != JUDGED and issubclass(OBJECTIVES.get(name), MeasuredObjective)
    }


def constant_score(data: Data, metric: str = "accuracy") -> float:
    """Score on valid of a collapsed student, whose answers do not depend on its input."""
    return JUDGES[data.corpus.task].chance(data.corpus, metric)


def _halving_sentence(scores: FinalScores, rungs: int, saved: float) -> str:
    left = scores.deviation[~scores.measured]
    share = f"{100 * abs(saved):.0f} % {'less' if saved >= 0 else 'more'}"
    sentence = (
        f"Successive halving over {rungs} rungs (training lengths) trained {scores.measured.sum()} of "
        f"{len(scores.mean)} candidates to the last rung. It needed {share} training "
        "(examples x epochs) than all of them would need"
    )
    if not len(left):
        return f"{sentence}."
    return (
        f"{sentence}. The scores of the other {len(left)} are estimates from their shorter trainings, with an average "
        f"standard deviation of {left.mean():.4f}."
    )
