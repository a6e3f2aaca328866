"""Trains the students of the surrogate's table: short trainings of random architectures on several data sets.

Every data set gets other architectures of conf/search_space/pooled_wide.yaml. The first ones of each are trained again
with further seeds, which shows the noise of one training. Labels are the true ones, so no teacher runs. A training that
exists is reused. Then `python -m avatar.pipeline.trainings ARTIFACTS --table FILE` makes the table.

    python benchmarks/surrogate_trainings.py --artifacts FOLDER --sets stdlib reveal --counts 20
"""

import argparse
import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.common.seeding import derive_seed, generator
from avatar.config.schema import Config
from avatar.data.records import SplitName
from avatar.pipeline import stage_01_dataset, stage_07_candidates
from avatar.pipeline.job import Job
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_08_surrogate import DESCRIBED, DescribedInputs
from avatar.search.halving import Rung
from avatar.search.run_search import budgets_of
from avatar.space.budgets import Feasible
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace
from common import configured, data_folder

REPEATED = 6
"""Architectures of each data set that are trained with every seed; the others only with the first."""
PAIRS = {"train": 3000, "valid": 1200, "test": 100}
"""Pairs of solutions in each split; half of them are clones."""
SHORT = ("distill.copies=0", "distill.average=0.99", "distill.hard_labels=truth", "distill.use_labeled=true")


@dataclass(frozen=True)
class TrainingSet:
    """How a data set is read, and the length of its trainings."""

    overrides: tuple[str, ...]
    share: float
    epochs: int


SETS = {
    "stdlib": TrainingSet((), 0.5, 5),
    "bcb": TrainingSet(("+experiment=clone_bcb", "dataset.share=0.04"), 0.5, 3),
    "devign": TrainingSet(("+experiment=vuln_devign", "dataset.share=0.12"), 0.5, 3),
    "reveal": TrainingSet(("+experiment=vuln_reveal", "dataset.share=0.2"), 0.5, 3),
    "pairs_java": TrainingSet(("dataset=pairs", "distill=small", "dataset.language=java"), 0.5, 3),
    "pairs_python": TrainingSet(("dataset=pairs", "distill=small", "dataset.language=python"), 0.5, 3),
    "pairs_cpp": TrainingSet(("dataset=pairs", "distill=small", "dataset.language=cpp"), 0.5, 3),
}


@dataclass(frozen=True)
class TrueLabels:
    """No answers of a teacher: every example has its true label."""

    soft: NDArray[np.float32]
    key: str = "true labels"
    vectors: None = None


def main() -> None:
    """Train what is missing, and print every score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--counts", nargs="*", type=int, default=[6, 12, 20], help="architectures after each round")
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    read: dict[str, tuple[Job, Data]] = {}
    first = 0
    for count in options.counts:
        for name in options.sets:
            if name not in read:
                job = Job.of(_config(name, SETS[name], options.artifacts))
                read[name] = job, stage_01_dataset.run(job)
                job.make(DESCRIBED, DescribedInputs(read[name][1]))
            for number in range(first, count):
                _train(name, number, *read[name], options.seeds if number < REPEATED else options.seeds[:1])
        first = count


def _train(name: str, number: int, job: Job, data: Data, seeds: list[int]) -> None:
    """Train the architecture `number` of a data set with every seed."""
    about, unlabeled = SETS[name], len(data.corpus.members(SplitName.UNLABELED))
    labels = TrueLabels(np.full((unlabeled, data.corpus.num_labels), np.nan, dtype=np.float32))
    space = SearchSpace.from_config(configured(["search_space=pooled_wide", "output_dir=unused"]).search_space)
    feasible = Feasible(space, budgets_of(job.cfg.search), data.corpus.task)
    arch = sample_adaptive(number + 1, generator(derive_seed(0, name), "table"), feasible)[number]
    start, scores = time.monotonic(), []
    for seed in seeds:
        seeded = Job(dataclasses.replace(job.cfg, seed=seed), job.store)
        rung = Rung(about.share, about.epochs)
        made = stage_07_candidates.train(seeded, data, labels, arch, rung)  # type: ignore[arg-type]
        scores.append(f"{made.values['valid_score']:.4f}")
    print(f"{name} {number}: {' '.join(scores)}, {time.monotonic() - start:.0f} s, {arch}", flush=True)


def _config(name: str, about: TrainingSet, artifacts: Path) -> Config:
    source: list[str] = []
    if name in ("bcb", "devign", "reveal"):
        source = [f"dataset.root={data_folder(name)}"]
    elif name != "stdlib":
        folder = artifacts.absolute().parent / "made" / name
        _make(name.removeprefix("pairs_"), folder)
        source = [f"dataset.root={folder}"]
    shared = [f"artifacts.folder={artifacts.absolute()}", "trainer.progress=none", "output_dir=unused"]
    return configured([*about.overrides, "teacher=minilm", "search=nsga2", *source, *SHORT, *shared])


def _make(language: str, folder: Path) -> None:
    """Pairs of solutions in one language, which are clones if they solve the same problem."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in PAIRS.items():
        lines = (data_folder("solutions") / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row["language"] == language]
        made = _pairs(rows, count, generator(0, "made", "pairs", language, split))
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")


def _pairs(rows: list[dict[str, str]], count: int, rng: np.random.Generator) -> list[dict[str, object]]:
    of_problem: dict[str, list[str]] = {}
    for row in rows:
        of_problem.setdefault(row["problem"], []).append(row["code"])
    several = [codes for codes in of_problem.values() if len(codes) > 1]
    everything = list(of_problem.values())
    made: list[dict[str, object]] = []
    for number in range(count):
        if number % 2:
            codes = several[rng.integers(len(several))]
            first, second = (codes[index] for index in rng.choice(len(codes), 2, replace=False))
        else:
            one, other = rng.choice(len(everything), 2, replace=False)
            first, second = (str(rng.choice(everything[index])) for index in (one, other))
        made.append({"code1": first, "code2": second, "label": number % 2})
    return made


if __name__ == "__main__":
    main()
