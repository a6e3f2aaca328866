"""Does the feedback loop earn its keep? The same number of candidate trainings, at once or in rounds.

For each seed `+experiment=clone_bcb` explores with the teacher's recorded logits: once with all candidates trained
before one search, and with some of them chosen by the searches in between. Of each predicted front the same
number of students is picked, greedily for its predicted hypervolume, and trained with the full recipe; what
counts is the hypervolume that they are measured to have (accuracy on valid, exact size and FLOPs). A student is
trained with several seeds, the same for all arms, and counts with its mean. Run by `make bench-loop`.
"""

import argparse
import dataclasses
import logging
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from avatar.config import Config
from avatar.measure.machine import machine_name
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_05_latency, stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.run_job import explore
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate, constant_score
from avatar.pipeline.stage_09_search import Searched
from avatar.search.convergence import scaled_hypervolume
from avatar.search.objectives import Objective, minimised
from avatar.search.pareto import front, hypervolume, ranks
from avatar.search.result import SearchResult
from avatar.search.run_search import objectives_of
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops, weights_mb
from avatar.space.space import SearchSpace
from common import configured, data_folder, store

ONE_SHOT = "one-shot"
FIRST_TRAINING_SEED = 1001
"""Final students are trained with this seed and the following: not with those of any search."""


@dataclass(frozen=True)
class Arm:
    """One way to spend the candidate trainings, under one seed: its final students and what it took."""

    name: str
    seed: int
    candidates: list[Candidate]
    surrogate: FittedSurrogate
    searched: Searched
    architectures: list[Architecture]
    accuracies: NDArray[np.float64]
    """Valid accuracy of each final student under each training seed, (students, repeats)."""
    seconds: float


def job(options: argparse.Namespace, seed: int, *overrides: str) -> Config:
    """The experiment with this benchmark's settings; what stands on the command line wins."""
    root = data_folder("bcb")
    return configured(
        [
            "+experiment=clone_bcb",
            "teacher=predictions",
            f"teacher.path={root / 'codebert_logits_unlabel.npy'}",
            f"dataset.root={root}",
            f"dataset.share={options.share}",
            "search.objectives=[accuracy,size,flops]",
            "trainer.progress=none",
            "tracking=none",
            "output_dir=unused",
            f"artifacts.folder={options.artifacts}",
            f"seed={seed}",
            *overrides,
            *options.overrides,
        ]
    )


def arms(options: argparse.Namespace) -> dict[str, list[str]]:
    """What each arm sets. All train the same number of candidates."""
    rounds, rest = divmod(options.trainings - options.first, options.per_round)
    if rest or rounds < 1:
        raise SystemExit("--trainings less --first must be a multiple of --per-round, and not 0")
    found = {ONE_SHOT: ["search.rounds=1", f"surrogate.candidates={options.trainings}"]}
    for name in options.acquisitions:
        found[f"loop, {name}"] = [
            f"search.rounds={1 + rounds}",
            f"surrogate.candidates={options.first}",
            f"search.candidates_per_round={options.per_round}",
            f"search.acquisition={name}",
        ]
    return found


def spread(result: SearchResult, objectives: list[type[Objective]], count: int) -> list[Architecture]:
    """`count` architectures: of the front, one after the other, what adds most hypervolume; then of the next front."""
    losses = minimised(result.values, objectives)
    box, rank = losses[result.front], ranks(losses)
    picked: list[int] = []
    for level in range(int(rank.max()) + 1):
        members = np.flatnonzero(rank == level).tolist()
        while members and len(picked) < count:
            volumes = [scaled_hypervolume(losses[[*picked, place]], box) for place in members]
            picked.append(members.pop(int(np.argmax(volumes))))
    return [result.architectures[place] for place in picked]


def run_arm(name: str, seed: int, options: argparse.Namespace, overrides: list[str], data: Data, labels: Labels) -> Arm:
    """Explore, pick the final students, and train them."""
    cfg = job(options, seed, *overrides)
    start = time.perf_counter()
    work, space = Job.of(cfg), SearchSpace.from_config(cfg.search_space)
    latency = stage_05_latency.run(work, data, space)
    candidates, surrogate, searched = explore(work, data, labels, space, latency, lambda candidate, number: None)
    seconds = time.perf_counter() - start
    source = searched.result if surrogate.accuracy.beats_constant else searched.measured
    chosen = spread(source, objectives_of(cfg.search), options.students)
    accuracies = np.zeros((len(chosen), options.repeats))
    for repeat in range(options.repeats):
        training = Job(dataclasses.replace(cfg, seed=FIRST_TRAINING_SEED + repeat), work.store)
        for place, arch in enumerate(chosen):
            student = stage_10_student.run(training, data, labels, arch)
            accuracies[place, repeat] = student.artifact.values["valid_score"]
    print(f"seed {seed}, {name}: accuracy {accuracies.mean(axis=1).round(4).tolist()}, {seconds:.0f} s", flush=True)
    return Arm(name, seed, candidates, surrogate, searched, chosen, accuracies, seconds)


def table(found: list[Arm], data: Data, budget_mb: float) -> pd.DataFrame:
    """One row an arm and seed. Both units are shared by all arms and seeds."""
    task = data.corpus.task

    def losses(arm: Arm, accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
        costs = [[weights_mb(arch, task), count_flops(arch, task) / 1e9] for arch in arm.architectures]
        return np.column_stack([-accuracies, np.asarray(costs)])

    pooled = np.concatenate([losses(arm, arm.accuracies.mean(axis=1)) for arm in found])
    box = pooled[front(pooled)]
    reference = np.asarray([-constant_score(data), budget_mb, pooled[:, 2].max()])
    best = np.asarray([-1.0, 0.0, 0.0])
    rows = []
    for arm in found:
        mean = losses(arm, arm.accuracies.mean(axis=1))
        single = [scaled_hypervolume(losses(arm, scores), box) for scores in arm.accuracies.T]
        noise = np.std(single, ddof=1) / np.sqrt(len(single)) if len(single) > 1 else float("nan")
        choice = arm.surrogate.accuracy
        validated_by = choice.validation.get(choice.name)
        rows.append(
            {
                "seed": arm.seed,
                "candidates": arm.name,
                "trainings": len(arm.candidates),
                "hypervolume": scaled_hypervolume(mean, box),
                "+-": float(noise),
                "in fixed units": hypervolume((mean - best) / (reference - best), np.ones(3)),
                "best accuracy %": 100 * float(arm.accuracies.mean(axis=1).max()),
                "surrogate": choice.name,
                "its MAE": float("nan") if validated_by is None else validated_by.mae,
                "training s": sum(candidate.seconds for candidate in arm.candidates),
                "all s": arm.seconds,
            }
        )
    return pd.DataFrame(rows)


def verdict(frame: pd.DataFrame) -> list[str]:
    """A sentence for each loop: its median beside the one-shot search's, and the seeds on which it is ahead."""
    sentences = []
    for name in frame["candidates"].drop_duplicates().drop(0):
        parts = []
        for unit in ("hypervolume", "in fixed units"):
            volumes = frame.pivot(index="seed", columns="candidates", values=unit)
            ahead = volumes[name] - volumes[ONE_SHOT]
            parts.append(
                f"median {volumes[name].median():.4f} against {volumes[ONE_SHOT].median():.4f} of the one-shot search, "
                f"ahead on {(ahead > 0).sum()} of {len(ahead)} seeds, median difference {ahead.median():+.4f}"
            )
        sentences.append(f"{name}: {parts[0]}; in fixed units {parts[1]}.")
    return sentences


def main() -> None:
    """Run every arm under every seed, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.5, help="of BigCloneBench's training pairs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trainings", type=int, default=20, help="candidates that each arm trains")
    parser.add_argument("--first", type=int, default=8, help="of them, before the loop's first search")
    parser.add_argument("--per-round", type=int, default=4, help="and between its searches")
    parser.add_argument("--students", type=int, default=6, help="final students of each arm")
    parser.add_argument("--repeats", type=int, default=2, help="trainings of each final student")
    parser.add_argument("--acquisitions", nargs="+", default=["hypervolume", "front"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--artifacts", default="artifacts")
    parser.add_argument("--overrides", nargs="*", default=[], help="KEY=VALUE of the configuration, for all arms")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("avatar").setLevel(logging.WARNING)
    cfg = job(options, seed=1)
    work = Job.of(cfg)
    data = stage_01_dataset.run(work)
    labels = stage_03_labels.run(work, data, stage_02_teacher.run(work, data))
    found = [
        run_arm(name, seed, options, overrides, data, labels)
        for seed in range(1, options.seeds + 1)
        for name, overrides in arms(options).items()
    ]
    frame = table(found, data, cfg.search.budget_mb or float("inf"))
    brief, full = cfg.surrogate, cfg.distill
    store(
        frame,
        "feedback_loop",
        "The feedback loop against one search, measured on the final students",
        [
            *(f"- {sentence}" for sentence in verdict(frame)),
            "",
            f"BigCloneBench at dataset.share={options.share}, CodeBERT's recorded logits, space "
            f"{cfg.search_space.name}, {options.trainings} candidates on a share of {brief.share:g} for {brief.epochs} "
            f"epochs; loops start with {options.first} and train {options.per_round} a round. {options.students} final "
            f"students an arm, {full.epochs} epochs on all pairs, {options.repeats} trainings each, accuracy on valid "
            f"(test is not looked at). 'hypervolume' is in units of the box of all final students' front, the "
            "reference a tenth beyond it, '+-' its standard error over the repeated trainings; 'in fixed units' is "
            f"that between the constant classifier, {cfg.search.budget_mb:g} MB, the most FLOPs of a final student, "
            f"and a perfect one at no cost. {machine_name()}, {options.threads} threads; a training that arms share "
            "is made once; 'training s' counts it for each, 'all s' (exploring, by the clock) only for the first.",
        ],
    )


if __name__ == "__main__":
    main()
