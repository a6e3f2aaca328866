"""Stage 7: a few students with short trainings. The surrogate is fitted on their scores."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.measure.collapse import constant_answers
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import (
    precision_field,
    recipe_field,
    trainer_field,
    world_size_field,
)
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_04_token_start import TokenStart, token_start
from avatar.pipeline.stage_04_tokens import Tokenized, tokenized
from avatar.search.halving import Rung, promoted, schedule
from avatar.search.objectives import OBJECTIVES, MeasuredObjective, TrainedCandidate, measured_names
from avatar.space.architecture import Architecture
from avatar.space.cost import weights_mb
from avatar.student.distillation import distil, distillation_examples, readable, valid_examples

log = get_logger("candidates")


Done = Callable[["Candidate", int], None]
"""Called with each candidate after its last training, and its number."""


@dataclass(frozen=True)
class Candidate:
    """An architecture and its short trainings, one for each rung that it reached, of `rungs` rungs."""

    arch: Architecture
    trainings: tuple[Artifact, ...]
    rungs: int = 1

    @property
    def key(self) -> str:
        """Changes with each of its trainings."""
        return "-".join(training.key for training in self.trainings)

    @property
    def scores(self) -> list[float]:
        """Score on valid by dataset.metric, after each rung."""
        return [float(artifact.values["valid_score"]) for artifact in self.trainings]

    @property
    def score(self) -> float:
        """Score on valid by dataset.metric, after the longest training."""
        return self.scores[-1]

    @property
    def measured(self) -> dict[str, float]:
        """Value of each measured objective by name, after the longest training."""
        return {str(name): float(value) for name, value in self.artifact.values["measured"].items()}

    @property
    def collapse(self) -> str:
        """How its longest training collapsed, as a clause; "" if it did not."""
        return constant_answers(self.artifact.values["history"])

    @property
    def complete(self) -> bool:
        """Whether it was trained on the last rung, which is the full short training."""
        return len(self.trainings) == self.rungs

    @property
    def artifact(self) -> Artifact:
        """The longest training."""
        return self.trainings[-1]

    @property
    def seconds(self) -> float:
        """Seconds of all its trainings together."""
        return sum(artifact.seconds for artifact in self.trainings)


@dataclass(frozen=True)
class Inputs:
    """The architecture, its training data, what is known about its tokens, and the rung: the length of the training."""

    data: Data
    labels: Labels
    tokens: Tokenized
    arch: Architecture
    start: TokenStart | None
    rung: Rung


def _language(objectives: Sequence[str], language: str | None) -> str | None:
    """The language if any objective besides the score is measured, because it may need the language; else None."""
    needed = [name for name in measured_names(objectives) if not _objective(name).judges]
    return language if needed else None


@dataclass(frozen=True)
class Settings:
    """The student's recipe without copies of functions, and with the epochs of the rung.

    Copies make tokenizing a candidate four times as slow, and help robustness more than the ranking. The settings of
    copies are not in the key, so that jobs that differ only in them share their candidates.
    """

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    recipe: DistillConfig = recipe_field("epochs", "copies", "rewrites")
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
    valid = valid_examples(corpus, tokens)
    quiet = replace(settings.trainer, progress="none")
    seed = derive_seed(settings.seed, "candidate")
    distilled = distil(
        arch,
        corpus.task,
        examples,
        valid,
        recipe,
        quiet,
        seed,
        folder / "checkpoints",
        metric=settings.metric,
        start=None if inputs.start is None else inputs.start.vectors,
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


CANDIDATE = Stage("candidate", 2, "Train each chosen architecture briefly", Inputs, Settings, _build)


def brief_recipe(recipe: DistillConfig, rung: Rung) -> DistillConfig:
    """The student's recipe with the epochs of the rung and without copies of functions."""
    return replace(recipe, epochs=rung.epochs, copies=0, rewrites=["rename"])


def run(
    job: Job,
    data: Data,
    labels: Labels,
    architectures: Sequence[Architecture],
    first_number: int = 1,
    done: Done = lambda candidate, number: None,
) -> list[Candidate]:
    """Train `architectures` on a share of the examples, by successive halving if the config has several rungs.

    Each training is a separate artifact. Candidates are numbered from `first_number`.
    """
    cfg, task = job.cfg.surrogate, data.corpus.task
    rungs = schedule(cfg)
    candidates = [Candidate(arch, (), len(rungs)) for arch in architectures]
    remaining = list(range(len(candidates)))
    for number, rung in enumerate(rungs, start=1):
        for index in remaining:
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
            if candidate.collapse:
                log.warning("candidate %d: the training collapsed: %s", first_number + index, candidate.collapse)
            if candidate.complete:
                done(candidate, first_number + index)
        if number < len(rungs) and remaining:
            scores = [candidates[index].score for index in remaining]
            sizes = [weights_mb(candidates[index].arch, task) for index in remaining]
            promoted_rows = [remaining[index] for index in promoted(scores, sizes, cfg.halving_keep)]
            for index in sorted(set(remaining) - set(promoted_rows)):
                done(candidates[index], first_number + index)
            remaining = promoted_rows
    return candidates


def train(job: Job, data: Data, labels: Labels, arch: Architecture, rung: Rung) -> Artifact:
    """Train one candidate with the epochs and the share of examples of `rung`."""
    tokens = tokenized(job, data, arch.tokenizer, arch.vocab_size)
    start = token_start(job, data, arch.tokenizer, arch.vocab_size)
    return job.make(CANDIDATE, Inputs(data, labels, tokens, arch, start, rung))
