"""Stage 8: surrogates that predict what an untrained architecture reaches, and say when they cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.config.schema import SearchSpaceConfig, SurrogateConfig
from avatar.data.cuts import best_cut, score_of
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.search.halving import FinalScores, final_scores, saved_share, schedule
from avatar.search.objectives import OBJECTIVES, MeasuredObjective, measured_names
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace
from avatar.surrogate.choice import SurrogateChoice, choose, refitted

log = get_logger("surrogate")

NOTHING_FAILED = float("-inf")
"""The floor where no value means that a training failed: a student that never flips has not failed."""
JUDGED = "accuracy"
"""The objective by which candidates are judged. A surrogate of it is fitted even where the search has others."""


@dataclass(frozen=True)
class Inputs:
    """All candidates so far, and the data that they are judged on."""

    data: Data
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Settings:
    """The space, the surrogate's settings, and what it is to predict."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    space: SearchSpaceConfig = setting("search_space")
    surrogate: SurrogateConfig = setting("surrogate", without=("candidates",))
    measured: tuple[str, ...] = setting("search.objectives", via=measured_names)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    rungs = schedule(settings.surrogate)
    saved, halving = None, ""
    if len(rungs) > 1:
        saved = saved_share([len(candidate.trainings) for candidate in inputs.candidates], rungs)
        halving = _halving_sentence(final_scores(_ladders(inputs), len(rungs)), len(rungs), saved)
        log.info("surrogate: %s", halving)
    choices, lines = {}, []
    for name, (encoded, values) in _observations(inputs, settings).items():
        floor = constant_score(inputs.data, settings.metric) if name == JUDGED else NOTHING_FAILED
        choice = choose(settings.surrogate, encoded, values, settings.seed, floor)
        log.info("surrogate of %s: %s", name, choice.sentence)
        choices[name] = {entry.name: getattr(choice, entry.name) for entry in fields(choice) if entry.name != "model"}
        lines += [f"{name}, {other}: {validation}" for other, validation in choice.validation.items()]
    write_text(folder / "validation.txt", "\n".join(lines) + "\n")
    return {"choices": choices, "saved_share": saved, "halving": halving}


SURROGATE = Stage("surrogate", 1, "Choose and fit the model that predicts accuracy", Inputs, Settings, _build)


def _ladders(inputs: Inputs) -> list[list[float]]:
    return [candidate.scores for candidate in inputs.candidates]


def _observations(inputs: Inputs, settings: Settings) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """By measured objective: encodings (n, genes) and values (n,) that its surrogate learns from.

    Candidates that successive halving left behind count with the score that they are estimated to reach. By anything
    else than the score, only full trainings tell something: a student that learned little flips little.
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

    `scores` (candidates,) are what that of the accuracy learned from. `saved_share` is the part of the candidates'
    examples x epochs that successive halving saved, and `halving` says so; None and "" where all are trained in full.
    """

    space: SearchSpace
    choices: Mapping[str, SurrogateChoice]
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
        """The surrogate of the accuracy, or of what else the set is judged by."""
        return self.choices[JUDGED]

    def predict(self, name: str, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Expected value of each architecture by the objective `name`, (n,), in [0, 1]."""
        return np.clip(self.choices[name].model.predict(self.space.encode(architectures))[0], 0.0, 1.0)


def run(job: Job, data: Data, space: SearchSpace, candidates: Sequence[Candidate]) -> FittedSurrogate:
    """Choose and fit the regressors that cross-validation prefers, on all candidates so far."""
    inputs, settings = Inputs(data, tuple(candidates)), SURROGATE.read(job.cfg)
    artifact = job.make(SURROGATE, inputs)
    values = artifact.values
    choices = {
        name: refitted(values["choices"][name], *observed, settings.seed)
        for name, observed in _observations(inputs, settings).items()
    }
    if artifact.reused:
        log.info("surrogate: %s", choices[JUDGED].sentence)
    scores = final_scores(_ladders(inputs), len(schedule(settings.surrogate)))
    return FittedSurrogate(space, choices, artifact, scores, values["saved_share"], values["halving"])


def objective_titles(surrogate: FittedSurrogate) -> dict[str, str]:
    """What the report calls each measured objective beside the accuracy."""
    return {
        name: OBJECTIVES.get(name).title
        for name in surrogate.choices
        if name != JUDGED and issubclass(OBJECTIVES.get(name), MeasuredObjective)
    }


def constant_score(data: Data, metric: str = "accuracy") -> float:
    """Score on valid of whoever knows nothing: what a collapsed student reaches.

    It is that of the best constant answer. By a metric with a threshold of its own, chance finds some cut in the noise
    that such a student has in place of logits: then it is what 95 of 100 random scores do not exceed.
    """
    labels = data.corpus.labels(SplitName.VALID)
    if metric == "accuracy":
        return best_cut(np.zeros(len(labels)), labels, metric).score
    random = np.random.default_rng(0)
    return float(np.quantile([score_of(random.normal(size=len(labels)), labels, metric) for _ in range(200)], 0.95))


def _halving_sentence(scores: FinalScores, rungs: int, saved: float) -> str:
    left = scores.deviation[~scores.measured]
    verdict = f"saved {100 * saved:.0f} %" if saved >= 0 else f"cost {-100 * saved:.0f} % more"
    sentence = (
        f"Successive halving over {rungs} rungs (training lengths) trained {scores.measured.sum()} of "
        f"{len(scores.mean)} candidates in full and {verdict} of their examples x epochs"
    )
    if not len(left):
        return f"{sentence}."
    return (
        f"{sentence}; the scores of the other {len(left)} are estimates from their shorter trainings, "
        f"+- {left.mean():.4f} on average."
    )
