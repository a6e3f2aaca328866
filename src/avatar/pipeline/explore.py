"""Stages 4 to 6 in rounds: train candidates, fit the surrogate, search; then train where it promises most."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed, generator
from avatar.data.records import SplitName, Task
from avatar.measure.architecture_timing import time_architectures
from avatar.measure.latency_model import LatencyModel, fit_latency_model
from avatar.pipeline import stage_04_candidates, stage_05_surrogate, stage_06_search
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_04_candidates import Candidate
from avatar.pipeline.stage_05_surrogate import Predictor
from avatar.pipeline.stage_06_search import Found
from avatar.pipeline.tokens import tokenized
from avatar.search.acquire import ACQUISITIONS, Asked, space_filling
from avatar.search.run import budgets_of, objectives_of
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, Feasible, Latency
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace

log = get_logger("explore")
LATENCY_SAMPLES = 24
"""Architectures that are timed for the latency model of a search."""

TIMING_SECONDS = 1.0
"""Time that the winner and the runners-up are timed for, together."""


@dataclass(frozen=True)
class Explored:
    """The outcome of all rounds.

    `timed` are the milliseconds of the winner and the runners-up, run for real with random weights.
    """

    space: SearchSpace
    candidates: tuple[Candidate, ...]
    predictor: Predictor
    found: Found
    latency: LatencyModel
    student_task: Task
    timed: tuple[float, ...]


def explore(context: Context, data: Data, labels: Labels, done: Callable[[Candidate, int], None]) -> Explored:
    """Run all rounds; `done` is told of each trained candidate and its number."""
    cfg, task = context.cfg, data.corpus.task
    space = SearchSpace.from_config(cfg.search_space)
    unlimited = Feasible(space, budgets_of_size(context), task)
    unlimited.check()
    timed = sample_adaptive(LATENCY_SAMPLES, generator(cfg.seed, "latency"), unlimited)
    model = fit_latency_model(
        list(timed),
        task,
        typical_length(context, data),
        context.store.root / "latency",
        derive_seed(cfg.seed, "latency"),
        LATENCY_SAMPLES,
    )
    log.info("latency model: %s", model.summary)
    latency: Latency = model.predictor(task)
    feasible = Feasible(space, budgets_of(cfg.search), task, latency)
    feasible.check()
    start = sample_adaptive(cfg.surrogate.candidates, generator(cfg.seed, "candidates"), feasible)
    candidates = stage_04_candidates.run(context, data, labels, list(start), 1, done)
    for number in range(1, cfg.search.rounds + 1):
        predictor = stage_05_surrogate.run(context, data, space, candidates)
        found = stage_06_search.run(context, data, space, predictor, candidates, latency)
        if number == cfg.search.rounds:
            break
        trained = [candidate.arch for candidate in candidates]
        seed, count = derive_seed(cfg.seed, "round", number), cfg.search.candidates_per_round
        if predictor.choice.beats_constant:
            asked = Asked(
                space,
                objectives_of(cfg.search),
                found.result,
                found.measured,
                predictor.choice.model,
                trained,
                count,
                seed,
            )
            more = ACQUISITIONS.get(cfg.search.acquisition)(asked)
        else:
            more = space_filling(feasible, trained, count, seed)
        log.info("round %d: %d more candidates", number + 1, len(more))
        candidates += stage_04_candidates.run(context, data, labels, more, len(candidates) + 1, done)
    times = time_for_real(context, task, model, [found.winner, *found.runners_up])
    return Explored(space, tuple(candidates), predictor, found, model, task, times)


def time_for_real(context: Context, task: Task, model: LatencyModel, archs: list[Architecture]) -> tuple[float, ...]:
    """Milliseconds of each of `archs` on this machine, at the length that the latency model predicts for."""

    def build(folder: Path) -> dict[str, list[float]]:
        seed = derive_seed(context.cfg.seed, "timed for real")
        return {"milliseconds": time_architectures(archs, task, model.length, seed, TIMING_SECONDS).tolist()}

    reads = {
        "architectures": archs,
        "task": task,
        "length": model.length,
        "machine": model.machine,
        "threads": model.threads,
    }
    measured = context.store.make("timed", reads, build).values["milliseconds"]
    for arch, found, expected in zip(archs, measured, model.predict(archs), strict=True):
        log.info("timed: %.3f ms, %.3f ms predicted, %s", found, expected, arch)
    return tuple(measured)


def budgets_of_size(context: Context) -> Budgets:
    """The budgets without the one in milliseconds, which a latency model must exist for."""
    budgets = budgets_of(context.cfg.search)
    return Budgets(budgets.mb, budgets.gflops, None)


def typical_length(context: Context, data: Data) -> int:
    """Median tokens of a test function in a vocabulary of 4,000 words; the length at which students are timed."""
    table = tokenized(context, data, "word", 4000).table
    rows = np.unique(data.corpus.members(SplitName.TEST))
    return int(np.clip(np.median(table.lengths[rows]), 16, 400))
