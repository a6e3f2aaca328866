"""Stage 4: a few students trained briefly, from which the surrogate learns what accuracy an architecture reaches."""

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import Config, DistillConfig
from avatar.data.batching import Examples
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.tokens import tokenized
from avatar.space.architecture import Architecture
from avatar.student.train import distil, distillation_examples, readable

log = get_logger("candidates")


@dataclass(frozen=True)
class Candidate:
    """An architecture, and the valid accuracy (0 to 1) that it reached after its short training."""

    arch: Architecture
    accuracy: float
    artifact: Artifact


def run(
    context: Context,
    data: Data,
    labels: Labels,
    architectures: Sequence[Architecture],
    first_number: int = 1,
    done: Callable[[Candidate, int], None] = lambda candidate, number: None,
) -> list[Candidate]:
    """Train each of `architectures` on a share of the examples, each an artifact of its own."""
    candidates: list[Candidate] = []
    for number, arch in enumerate(architectures, start=first_number):
        candidate = train(context, data, labels, arch)
        state = "found" if candidate.artifact.skipped else format_seconds(candidate.artifact.seconds)
        log.info("candidate %d of %d: valid accuracy %.4f, %s (%s)", number,
                 first_number - 1 + len(architectures), candidate.accuracy, arch, state)  # fmt: skip
        done(candidate, number)
        candidates.append(candidate)
    return candidates


def train(context: Context, data: Data, labels: Labels, arch: Architecture) -> Candidate:
    """Train one candidate."""
    cfg = context.cfg
    brief = brief_training(cfg)

    def build(folder: Path) -> dict[str, Any]:
        tokens = readable(arch, tokenized(context, data, arch.tokenizer, arch.vocab_size).table)
        corpus = data.corpus
        examples = distillation_examples(corpus, tokens, labels.soft, brief, cfg.surrogate.share, cfg.seed)
        valid = Examples(tokens, corpus.members(SplitName.VALID), corpus.labels(SplitName.VALID))
        quiet = dataclasses.replace(cfg.trainer, progress="none")
        seed = derive_seed(cfg.seed, "candidate")
        distilled = distil(arch, corpus.task, examples, valid, brief, quiet, seed, folder / "checkpoints")
        shutil.rmtree(folder / "checkpoints")
        return {
            "architecture": arch.as_dict(),
            "valid_accuracy": distilled.valid_accuracy,
            "history": distilled.history,
            "examples": len(examples),
        }

    reads = {"labels": labels.artifact.key, "data": data.key, "architecture": arch, "distill": brief,
             "share": cfg.surrogate.share, "seed": cfg.seed, "precision": cfg.trainer.precision}  # fmt: skip
    artifact = context.store.make("candidate", reads, build)
    return Candidate(arch, artifact.values["valid_accuracy"], artifact)


def brief_training(cfg: Config) -> DistillConfig:
    """The recipe of a candidate: the student's, with epochs of its own."""
    return dataclasses.replace(cfg.distill, epochs=cfg.surrogate.epochs)
