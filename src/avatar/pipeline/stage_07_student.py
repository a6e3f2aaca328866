"""Stage 7: a student, distilled with the whole recipe."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from avatar.common.files import writing
from avatar.common.logging import format_seconds, get_logger
from avatar.data.batching import Examples, TokenTable
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.tokens import tokenized
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel
from avatar.student.train import distil, distillation_examples, read_student, readable, save_student

log = get_logger("student")


@dataclass(frozen=True)
class Student:
    """A trained student, its tokenizer, and the corpus in its tokens, cut to its length."""

    artifact: Artifact
    model: StudentModel
    tokenizer: Tokenizer
    tokens: TokenTable


def run(context: Context, data: Data, labels: Labels, arch: Architecture, label: str = "student") -> Student:
    """Train `arch` with the whole recipe."""
    cfg, corpus = context.cfg, data.corpus
    source = tokenized(context, data, arch.tokenizer, arch.vocab_size, cfg.distill.copies)
    tokens = source.table.truncated(arch.max_length)

    def build(folder: Path) -> dict[str, Any]:
        read = readable(arch, source.table)
        examples = distillation_examples(
            corpus, read, labels.soft, cfg.distill, variants=source.variants, vectors=labels.vectors
        )
        valid = Examples(read, corpus.members(SplitName.VALID), corpus.labels(SplitName.VALID))
        checkpoints = folder / "checkpoints"
        distilled = distil(
            arch,
            corpus.task,
            examples,
            valid,
            cfg.distill,
            cfg.trainer,
            cfg.seed,
            checkpoints,
            label,
            cfg.dataset.metric,
        )
        save_student(distilled.model, folder)
        with writing(folder / "tokenizer.json") as temporary:
            source.tokenizer.save(str(temporary))
        shutil.rmtree(checkpoints)
        return {
            "architecture": arch.as_dict(),
            "valid_score": distilled.valid_score,
            "best_epoch": distilled.best_epoch,
            "history": distilled.history,
        }

    reads = {
        "labels": labels.artifact.key,
        "data": data.key,
        "architecture": arch,
        "distill": cfg.distill,
        "seed": cfg.seed,
        "precision": cfg.trainer.precision,
        "metric": cfg.dataset.metric,
        "tokens": source.key,
    }
    artifact = context.store.make("student", reads, build)
    log.info(
        "%s: valid %s %.4f, %s (%s)",
        label,
        cfg.dataset.metric,
        artifact.values["valid_score"],
        arch,
        "found" if artifact.skipped else format_seconds(artifact.seconds),
    )
    return Student(artifact, read_student(artifact.folder), source.tokenizer, tokens)
