"""Stage 10: a student, distilled with the whole recipe; again with other settings if its training collapses."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.common.errors import DivergedError
from avatar.common.files import writing
from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import TokenTable
from avatar.data.tokenizers import CodeTokenizer
from avatar.measure.collapse import constant_answers, well_below
from avatar.measure.judging import JUDGES, Judged
from avatar.measure.standard_error import standard_error
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import (
    precision_field,
    recipe_field,
    trainer_field,
    world_size_field,
)
from avatar.pipeline.stage import Stage, label, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_04_token_start import TokenStart, token_start
from avatar.pipeline.stage_04_tokens import Tokenized, tokenized
from avatar.space.architecture import Architecture
from avatar.student.distillation import (
    distil,
    distillation_examples,
    read_student,
    readable,
    save_student,
    valid_examples,
)
from avatar.student.encoder import StudentModel

log = get_logger("student")

ATTEMPTS = 3
"""Trainings of one student, at most: the first, and further ones as long as each collapses."""
LOWER = 3.0
"""The learning rate is divided by this for each further training."""


@dataclass(frozen=True)
class Inputs:
    """The architecture and its training data. `attempt` is 0, or the number of trainings before that collapsed.

    `start` is what is known about its tokens, or None. `title` is the student's name in the log.
    """

    data: Data
    labels: Labels
    tokens: Tokenized
    arch: Architecture
    start: TokenStart | None
    attempt: int
    title: str = label()


@dataclass(frozen=True)
class Settings:
    """The whole recipe."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    recipe: DistillConfig = recipe_field()
    precision: str = precision_field()
    world_size: int = world_size_field()
    trainer: TrainerConfig = trainer_field()


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    corpus, arch, labels = inputs.data.corpus, inputs.arch, inputs.labels
    recipe, seed = settings.recipe, settings.seed
    if inputs.attempt:
        recipe = replace(recipe, learning_rate=learning_rate(arch, recipe, inputs.attempt))
        seed = derive_seed(seed, "training again", inputs.attempt)
    read = readable(arch, inputs.tokens.table)
    examples = distillation_examples(
        corpus, read, labels.soft, recipe, variants=inputs.tokens.variants, vectors=labels.vectors
    )
    valid = valid_examples(corpus, read)
    checkpoints = folder / "checkpoints"
    distilled = distil(
        arch,
        corpus.task,
        examples,
        valid,
        recipe,
        settings.trainer,
        seed,
        checkpoints,
        inputs.title,
        settings.metric,
        None if inputs.start is None else inputs.start.vectors,
    )
    save_student(distilled.model, folder)
    with writing(folder / "tokenizer.json") as temporary:
        inputs.tokens.tokenizer.save(str(temporary))
    shutil.rmtree(checkpoints)
    return {
        "architecture": arch.as_dict(),
        "valid_score": distilled.valid_score,
        "best_epoch": distilled.best_epoch,
        "history": distilled.history,
    }


STUDENT = Stage("student", 2, "Train a student fully", Inputs, Settings, _build)


def learning_rate(arch: Architecture, recipe: DistillConfig, attempt: int) -> float:
    """The peak learning rate of a training, which is lower for each further attempt."""
    return float((recipe.learning_rate or arch.learning_rate) / LOWER**attempt)


@dataclass(frozen=True)
class Attempt:
    """A training: its number, its artifact (None if it diverged), and how it collapsed, "" if it did not."""

    number: int
    artifact: Artifact | None
    collapse: str


@dataclass(frozen=True)
class TrainedStudent:
    """A trained student, its tokenizer, and the corpus in its tokens, cut to its length.

    `judged` is its score on valid by dataset.metric, with the influence of each example. `attempts` are its trainings;
    `kept` is the number of the one that is kept.
    """

    artifact: Artifact
    model: StudentModel
    tokenizer: CodeTokenizer
    tokens: TokenTable
    judged: Judged
    attempts: tuple[Attempt, ...] = ()
    kept: int = 0

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.artifact.key

    @property
    def score(self) -> float:
        """Score on valid by dataset.metric."""
        return self.judged.score

    @property
    def name(self) -> str:
        """The architecture with its embedding size and its maximum length, which `str(arch)` omits."""
        arch = self.model.arch
        narrow = f" embedding size {arch.embedding_size}," if arch.embedding_size else ""
        return f"{arch},{narrow} at most {arch.max_length} tokens"

    @property
    def collapses(self) -> int:
        """Number of its trainings that collapsed."""
        return sum(bool(attempt.collapse) for attempt in self.attempts)

    @property
    def collapsed(self) -> bool:
        """Whether the training that is kept collapsed, because all did."""
        return any(attempt.collapse for attempt in self.attempts if attempt.number == self.kept)

    @property
    def sentence(self) -> str:
        """How its trainings collapsed, and what was done; "" if none did."""
        told = [f"training {one.number + 1}: {one.collapse}" for one in self.attempts if one.collapse]
        if not told:
            return ""
        outcome = (
            f"All {len(self.attempts)} trainings collapsed; training {self.kept + 1}, the best on valid, is kept. "
            "Do not trust this student"
            if self.collapsed
            else f"Training {self.kept + 1}, with another seed and a learning rate {LOWER**self.kept:g} times lower, "
            "did not collapse and is kept"
        )
        return f"The training of '{self.name}' collapsed ({'; '.join(told)}). {outcome}."


def run(
    job: Job, data: Data, labels: Labels, arch: Architecture, title: str = "student", brief: float | None = None
) -> TrainedStudent:
    """Train `arch` with the whole recipe, again up to `ATTEMPTS` times while the training collapses.

    A training collapses if at its end all answers are the same, if it ends well below `brief` (the score of a short
    training on valid, if there was one), or if it diverges. Each further one has another seed and a lower learning
    rate. The first that did not collapse is kept, else the best on valid. If all diverge, it is a DivergedError.
    """
    cfg = job.cfg
    tokens = tokenized(job, data, arch.tokenizer, arch.vocab_size, cfg.distill.copies)
    start = token_start(job, data, arch.tokenizer, arch.vocab_size)
    attempts: list[Attempt] = []
    trained: dict[int, TrainedStudent] = {}
    for number in range(ATTEMPTS):
        name = title if not number else f"{title}, training {number + 1}"
        try:
            artifact = job.make(STUDENT, Inputs(data, labels, tokens, arch, start, number, name))
        except DivergedError as error:
            if number + 1 == ATTEMPTS and not trained:
                raise
            attempts.append(Attempt(number, None, "it diverged"))
            log.warning("%s. %s", error.message, _next(arch, cfg.distill, number))
            continue
        student = _read(job, data, tokens, arch, artifact)
        trained[number] = student
        log.info(
            "%s: valid %s %.4f, %s (%s)",
            name,
            cfg.dataset.metric,
            artifact.values["valid_score"],
            arch,
            "reused" if artifact.reused else format_seconds(artifact.seconds),
        )
        collapse = constant_answers(artifact.values["history"]) or well_below(
            artifact.values["valid_score"],
            brief,
            standard_error(student.judged.influence, student.judged.clusters),
            cfg.dataset.metric,
        )
        attempts.append(Attempt(number, artifact, collapse))
        if not collapse:
            break
        log.warning("%s: the training collapsed: %s. %s", name, collapse, _next(arch, cfg.distill, number))
    good = [one.number for one in attempts if not one.collapse]
    kept = good[0] if good else max(trained, key=lambda number: trained[number].score)
    return replace(trained[kept], attempts=tuple(attempts), kept=kept)


def _next(arch: Architecture, recipe: DistillConfig, number: int) -> str:
    """What follows a training that collapsed."""
    if number + 1 == ATTEMPTS:
        return f"It was the last of {ATTEMPTS} trainings"
    rate = learning_rate(arch, recipe, number + 1)
    return f"It is trained again with another seed and the learning rate {rate:.2g}"


def _read(job: Job, data: Data, tokens: Tokenized, arch: Architecture, artifact: Artifact) -> TrainedStudent:
    corpus = data.corpus
    model, table = read_student(artifact.folder), tokens.table.truncated(arch.max_length)
    judged = JUDGES[corpus.task].on_valid(model, table, corpus, job.cfg.dataset.metric)
    return TrainedStudent(artifact, model, tokens.tokenizer, table, judged)
