"""Stage 7: a few students trained briefly, from which the surrogate learns what an architecture reaches."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import Examples
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import (
    precision_field,
    trainer_field,
    world_size_field,
)
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_04_tokens import Tokenized, tokenized
from avatar.search.halving import Rung, promoted, schedule
from avatar.search.objectives import OBJECTIVES, MeasuredObjective, TrainedCandidate, measured_names
from avatar.space.architecture import Architecture
from avatar.space.cost import weights_mb
from avatar.student.distillation import distil, distillation_examples, readable

log = get_logger("candidates")


Done = Callable[["Candidate", int], None]
"""Told of each candidate whose trainings are over, and its number."""


@dataclass(frozen=True)
class Candidate:
    """An architecture and its short trainings, one for each rung that it was on, of `rungs` in all."""

    arch: Architecture
    trainings: tuple[Artifact, ...]
    rungs: int = 1

    @property
    def key(self) -> str:
        """Changes with each of its trainings."""
        return "-".join(training.key for training in self.trainings)

    @property
    def scores(self) -> list[float]:
        """Valid accuracy (0 to 1), or what else the set is judged by, on each rung."""
        return [float(artifact.values["valid_score"]) for artifact in self.trainings]

    @property
    def score(self) -> float:
        """Valid accuracy, or what else the set is judged by, after the longest training that it had."""
        return self.scores[-1]

    @property
    def measured(self) -> dict[str, float]:
        """By name of a measured objective: its value after the longest training."""
        return {str(name): float(value) for name, value in self.artifact.values["measured"].items()}

    @property
    def complete(self) -> bool:
        """Whether it was trained on the last rung, so that its score is that of the full brief training."""
        return len(self.trainings) == self.rungs

    @property
    def artifact(self) -> Artifact:
        """The longest training."""
        return self.trainings[-1]

    @property
    def seconds(self) -> float:
        """Time of all its trainings."""
        return sum(artifact.seconds for artifact in self.trainings)


@dataclass(frozen=True)
class Inputs:
    """What is trained, on what, and how long."""

    data: Data
    labels: Labels
    tokens: Tokenized
    arch: Architecture
    rung: Rung


def _language(objectives: Sequence[str], language: str | None) -> str | None:
    """The language, where something is measured that may need it: anything beside the score itself."""
    needed = [name for name in measured_names(objectives) if not _objective(name).judges]
    return language if needed else None


@dataclass(frozen=True)
class Settings:
    """The student's recipe, but for the epochs of a rung and without copies of functions.

    Copies make the tokenizing of a candidate four times as dear, and serve robustness more than the ranking. What is
    done to them is then the same for all, so that jobs that differ in it alone share their candidates.
    """

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    recipe: DistillConfig = setting("distill", without=("epochs", "copies", "rewrites"))
    measured: tuple[str, ...] = setting("search.objectives", via=measured_names)
    language: str | None = setting("search.objectives", "dataset.language", via=_language)
    precision: str = precision_field()
    world_size: int = world_size_field()
    trainer: TrainerConfig = trainer_field()


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    data, labels, arch, rung = inputs.data, inputs.labels, inputs.arch, inputs.rung
    corpus, recipe = data.corpus, brief_recipe(settings.recipe, rung)
    table = inputs.tokens.table
    tokens = readable(arch, table)
    examples = distillation_examples(
        corpus, tokens, labels.soft, recipe, rung.share, settings.seed, vectors=labels.vectors
    )
    valid = Examples(tokens, corpus.members(SplitName.VALID), corpus.labels(SplitName.VALID))
    quiet = replace(settings.trainer, progress="none")
    seed = derive_seed(settings.seed, "candidate")
    distilled = distil(
        arch, corpus.task, examples, valid, recipe, quiet, seed, folder / "checkpoints", metric=settings.metric
    )
    shutil.rmtree(folder / "checkpoints")
    trained = TrainedCandidate(
        distilled.model,
        inputs.tokens.tokenizer,
        table,
        corpus,
        distilled.valid_score,
        settings.metric,
        settings.language,
        settings.seed,
    )
    return {
        "architecture": arch.as_dict(),
        "valid_score": distilled.valid_score,
        "history": distilled.history,
        "examples": len(examples),
        "measured": {name: _objective(name).measure(trained) for name in settings.measured},
    }


def _objective(name: str) -> MeasuredObjective:
    objective = OBJECTIVES.get(name)()
    assert isinstance(objective, MeasuredObjective)
    return objective


CANDIDATE = Stage("candidate", 1, "Train each chosen architecture briefly", Inputs, Settings, _build)


def brief_recipe(recipe: DistillConfig, rung: Rung) -> DistillConfig:
    """The recipe of a candidate: the student's, with the epochs of its rung, and without copies of functions."""
    return replace(recipe, epochs=rung.epochs, copies=0, rewrites=["rename"])


def run(
    job: Job,
    data: Data,
    labels: Labels,
    architectures: Sequence[Architecture],
    first_number: int = 1,
    done: Done = lambda candidate, number: None,
) -> list[Candidate]:
    """Train `architectures` on a share of the examples, by successive halving where the config has rungs.

    Each training is an artifact of its own.
    """
    cfg, task = job.cfg.surrogate, data.corpus.task
    rungs = schedule(cfg)
    candidates = [Candidate(arch, (), len(rungs)) for arch in architectures]
    going_on = list(range(len(candidates)))
    for number, rung in enumerate(rungs, start=1):
        for index in going_on:
            candidate = candidates[index]
            artifact = train(job, data, labels, candidate.arch, rung)
            candidate = replace(candidate, trainings=(*candidate.trainings, artifact))
            candidates[index] = candidate
            log.info(
                "candidate %d of %d%s: valid %s %.4f, %s (%s)",
                first_number + index,
                first_number - 1 + len(candidates),
                f", rung {number} of {len(rungs)}" if len(rungs) > 1 else "",
                job.cfg.dataset.metric,
                candidate.score,
                candidate.arch,
                "reused" if artifact.reused else format_seconds(artifact.seconds),
            )
            if candidate.complete:
                done(candidate, first_number + index)
        if number < len(rungs) and going_on:
            scores = [candidates[index].score for index in going_on]
            sizes = [weights_mb(candidates[index].arch, task) for index in going_on]
            kept = [going_on[position] for position in promoted(scores, sizes, cfg.halving_keep)]
            for index in sorted(set(going_on) - set(kept)):
                done(candidates[index], first_number + index)
            going_on = kept
    return candidates


def train(job: Job, data: Data, labels: Labels, arch: Architecture, rung: Rung) -> Artifact:
    """Train one candidate as long as `rung` says."""
    tokens = tokenized(job, data, arch.tokenizer, arch.vocab_size)
    return job.make(CANDIDATE, Inputs(data, labels, tokens, arch, rung))
