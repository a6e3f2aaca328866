"""Stage 4: a few students trained briefly, from which the surrogate learns what accuracy an architecture reaches."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import Config, DistillConfig
from avatar.data.batching import Examples
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.robustness import CANDIDATE_EXAMPLES, candidate_flips
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.tokens import tokenized
from avatar.search.halving import Rung, promoted, schedule
from avatar.search.objectives import Flips
from avatar.space.architecture import Architecture
from avatar.space.size import weights_mb
from avatar.student.train import distil, distillation_examples, readable

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
    def scores(self) -> list[float]:
        """Valid accuracy (0 to 1), or what else the set is judged by, on each rung."""
        return [float(artifact.values["valid_score"]) for artifact in self.trainings]

    @property
    def score(self) -> float:
        """Valid accuracy, or what else the set is judged by, after the longest training that it had."""
        return self.scores[-1]

    @property
    def flips(self) -> float:
        """Flip rate (0 to 1) after its longest training; only where the search asks for it."""
        return float(self.artifact.values["flips"])

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


def run(
    context: Context,
    data: Data,
    labels: Labels,
    architectures: Sequence[Architecture],
    first_number: int = 1,
    done: Done = lambda candidate, number: None,
) -> list[Candidate]:
    """Train `architectures` on a share of the examples, by successive halving where the config has rungs.

    Each training is an artifact of its own.
    """
    cfg, task = context.cfg.surrogate, data.corpus.task
    rungs = schedule(cfg)
    candidates = [Candidate(arch, (), len(rungs)) for arch in architectures]
    going_on = list(range(len(candidates)))
    for number, rung in enumerate(rungs, start=1):
        for place in going_on:
            candidate = candidates[place]
            artifact = train(context, data, labels, candidate.arch, rung)
            candidate = replace(candidate, trainings=(*candidate.trainings, artifact))
            candidates[place] = candidate
            log.info(
                "candidate %d of %d%s: valid %s %.4f, %s (%s)",
                first_number + place,
                first_number - 1 + len(candidates),
                f", rung {number} of {len(rungs)}" if len(rungs) > 1 else "",
                context.cfg.dataset.metric,
                candidate.score,
                candidate.arch,
                "found" if artifact.skipped else format_seconds(artifact.seconds),
            )
            if candidate.complete:
                done(candidate, first_number + place)
        if number < len(rungs) and going_on:
            scores = [candidates[place].score for place in going_on]
            sizes = [weights_mb(candidates[place].arch, task) for place in going_on]
            kept = [going_on[position] for position in promoted(scores, sizes, cfg.halving_keep)]
            for place in sorted(set(going_on) - set(kept)):
                done(candidates[place], first_number + place)
            going_on = kept
    return candidates


def train(context: Context, data: Data, labels: Labels, arch: Architecture, rung: Rung) -> Artifact:
    """Train one candidate as long as `rung` says."""
    cfg = context.cfg
    brief = brief_training(cfg, rung)

    def build(folder: Path) -> dict[str, Any]:
        source = tokenized(context, data, arch.tokenizer, arch.vocab_size)
        tokens = readable(arch, source.table)
        corpus = data.corpus
        examples = distillation_examples(
            corpus, tokens, labels.soft, brief, rung.share, cfg.seed, vectors=labels.vectors
        )
        valid = Examples(tokens, corpus.members(SplitName.VALID), corpus.labels(SplitName.VALID))
        quiet = replace(cfg.trainer, progress="none")
        seed = derive_seed(cfg.seed, "candidate")
        distilled = distil(
            arch, corpus.task, examples, valid, brief, quiet, seed, folder / "checkpoints", metric=cfg.dataset.metric
        )
        shutil.rmtree(folder / "checkpoints")
        return {
            "architecture": arch.as_dict(),
            "valid_score": distilled.valid_score,
            "history": distilled.history,
            "examples": len(examples),
            **(
                {"flips": candidate_flips(cfg, corpus, distilled.model, source.tokenizer, source.table)}
                if asks_flips(cfg)
                else {}
            ),
        }

    flips = {"flips": CANDIDATE_EXAMPLES, "language": cfg.dataset.language} if asks_flips(cfg) else {}
    reads = {
        "labels": labels.artifact.key,
        "data": data.key,
        "architecture": arch,
        "distill": brief,
        "share": rung.share,
        "seed": cfg.seed,
        "precision": cfg.trainer.precision,
        "metric": cfg.dataset.metric,
        **flips,
    }
    return context.store.make("candidate", reads, build)


def asks_flips(cfg: Config) -> bool:
    """Whether the search trades robustness off, so that every candidate's flips are measured."""
    return Flips.name in cfg.search.objectives


def brief_training(cfg: Config, rung: Rung) -> DistillConfig:
    """The recipe of a candidate: the student's, with epochs of its own, and without copies of functions.

    Copies make the tokenizing of a candidate four times as dear, and serve robustness more than the ranking. What is
    done to them is then the same for all, so that jobs that differ in it alone share their candidates.
    """
    return replace(cfg.distill, epochs=rung.epochs, copies=0, rewrites=["rename"])
