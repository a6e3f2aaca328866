"""Stage 5: a model of how long an architecture takes on this machine, from architectures that are timed.

It does not depend on the job's seed: jobs that differ in their seed use the same measurement.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar.common.logging import format_seconds, get_logger
from avatar.common.seeding import derive_seed, generator
from avatar.data.records import Task
from avatar.measure.architecture_timing import time_architectures
from avatar.measure.latency_model import LatencyModel, check_enough, fit_to
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import Machine, this_machine
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_04_tokens import tokenized
from avatar.search.run_search import budgets_of
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, Feasible
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace

log = get_logger("latency")
SAMPLES = 24
"""Number of architectures that are timed."""
SECONDS = 12.0
"""Time in which all of them are timed, together."""
SEED = 0
"""Seed of the architectures that are timed, and of their order, in every job."""
LENGTH_STEP = 8
"""Lengths are rounded to a multiple of it, so that jobs with almost the same functions share the measurement."""


@dataclass(frozen=True)
class Inputs:
    """The architectures to time, at `length` tokens a function, for `seconds` in all."""

    architectures: tuple[Architecture, ...]
    task: Task
    length: int
    seconds: float


@dataclass(frozen=True)
class Settings:
    """The machine."""

    machine: Machine = setting(via=this_machine)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    log.info(
        "measuring the latency of %d architectures, about %s", len(inputs.architectures), format_seconds(inputs.seconds)
    )
    seed = derive_seed(SEED, "latency")
    times = time_architectures(inputs.architectures, inputs.task, inputs.length, seed, inputs.seconds)
    return {"milliseconds": times.tolist()}


LATENCY = Stage(
    "latency", 2, "Measure the latency of some architectures on this machine", Inputs, Settings, _build, timed=True
)


@dataclass(frozen=True)
class MeasuredLatency:
    """The fitted model of the latency, and the artifact with the measured times."""

    model: LatencyModel
    artifact: Artifact

    @property
    def key(self) -> str:
        """Changes with the measured times."""
        return self.artifact.key


def run(job: Job, data: Data, space: SearchSpace) -> MeasuredLatency:
    """Time a sample of the space within the budgets of size and FLOPs, and fit the model."""
    cfg, task = job.cfg, data.corpus.task
    budgets = budgets_of(cfg.search)
    feasible = Feasible(space, Budgets(budgets.mb, budgets.gflops, None), task)
    feasible.check()
    sample = list(sample_adaptive(SAMPLES, generator(SEED, "latency"), feasible))
    seed = derive_seed(SEED, "latency")
    architectures = [sample[row] for row in np.random.default_rng(seed).permutation(len(sample))]
    check_enough(architectures)
    length = typical_length(job, data)
    artifact = job.make(LATENCY, Inputs(tuple(architectures), task, length, SECONDS))
    times = np.asarray(artifact.values["milliseconds"], dtype=np.float64)
    model = fit_to(architectures, times, task, length, seed)
    log.info("latency model: %s", model.summary)
    return MeasuredLatency(model, artifact)


def typical_length(job: Job, data: Data) -> int:
    """Median number of tokens of a function, with a vocabulary of 4,000 words, rounded, and limited to 16 to 400.

    It is that of all functions in the examples: those of test alone depend on the seed.
    """
    table = tokenized(job, data, "word", 4000).table
    median = np.median(table.lengths[data.rows(tuple(data.corpus.splits))])
    return int(np.clip(LENGTH_STEP * round(median / LENGTH_STEP), 16, 400))
