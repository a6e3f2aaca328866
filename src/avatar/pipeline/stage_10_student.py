"""Stage 10: a student, distilled with the whole recipe."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from avatar.common.files import writing
from avatar.common.logging import format_seconds, get_logger
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import TokenTable
from avatar.measure.judging import JUDGES, Judged
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import precision_field, trainer_field, world_size_field
from avatar.pipeline.stage import Stage, label, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
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


@dataclass(frozen=True)
class Inputs:
    """The architecture and its training data. `title` is the student's name in the log."""

    data: Data
    labels: Labels
    tokens: Tokenized
    arch: Architecture
    title: str = label()


@dataclass(frozen=True)
class Settings:
    """The whole recipe."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    recipe: DistillConfig = setting("distill")
    precision: str = precision_field()
    world_size: int = world_size_field()
    trainer: TrainerConfig = trainer_field()


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    corpus, arch, labels = inputs.data.corpus, inputs.arch, inputs.labels
    read = readable(arch, inputs.tokens.table)
    examples = distillation_examples(
        corpus, read, labels.soft, settings.recipe, variants=inputs.tokens.variants, vectors=labels.vectors
    )
    valid = valid_examples(corpus, read)
    checkpoints = folder / "checkpoints"
    distilled = distil(
        arch,
        corpus.task,
        examples,
        valid,
        settings.recipe,
        settings.trainer,
        settings.seed,
        checkpoints,
        inputs.title,
        settings.metric,
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


STUDENT = Stage("student", 1, "Train a student fully", Inputs, Settings, _build)


@dataclass(frozen=True)
class TrainedStudent:
    """A trained student, its tokenizer, and the corpus in its tokens, cut to its length.

    `judged` is its score on valid by dataset.metric, with the influence of each example.
    """

    artifact: Artifact
    model: StudentModel
    tokenizer: Tokenizer
    tokens: TokenTable
    judged: Judged

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


def run(job: Job, data: Data, labels: Labels, arch: Architecture, title: str = "student") -> TrainedStudent:
    """Train `arch` with the whole recipe. A training that diverges is a DivergedError."""
    cfg, corpus = job.cfg, data.corpus
    tokens = tokenized(job, data, arch.tokenizer, arch.vocab_size, cfg.distill.copies)
    artifact = job.make(STUDENT, Inputs(data, labels, tokens, arch, title))
    log.info(
        "%s: valid %s %.4f, %s (%s)",
        title,
        cfg.dataset.metric,
        artifact.values["valid_score"],
        arch,
        "reused" if artifact.reused else format_seconds(artifact.seconds),
    )
    model, table = read_student(artifact.folder), tokens.table.truncated(arch.max_length)
    judged = JUDGES[corpus.task].on_valid(model, table, corpus, cfg.dataset.metric)
    return TrainedStudent(artifact, model, tokens.tokenizer, table, judged)
