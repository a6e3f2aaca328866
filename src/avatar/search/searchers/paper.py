"""Avatar's genetic algorithm (Shi et al., ICSE-SEIS 2024) with its settings, and with its mistakes corrected."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.search.objectives import Objective, SearchContext, evaluate, minimised
from avatar.search.pareto import front
from avatar.search.result import Progress, SearchResult, result_of
from avatar.search.searchers.known import Known
from avatar.space.sampling import sample_adaptive
from avatar.space.space import Indices

MOST_IDLE = 100
"""A search ends after this many generations without a new architecture."""
TOURNAMENT = 10
"""Architectures in a tournament."""


class Paper:
    """Adaptive random first population, tournaments of ten, two-point crossover with probability 0.6, each
    gene redrawn with probability 0.1; children replace their parents, an archive keeps the front.

    Corrected: dominance is the usual one (the paper's code requires a strict gain in every objective), children are
    copies and do not change their parents, children that are illegal or over budget are repaired, and a known
    architecture is not evaluated again.
    """

    def search(
        self,
        context: SearchContext,
        objectives: Sequence[type[Objective]],
        evaluations: int,
        population: int,
        seed: int,
        storage: Path | None = None,
        progress: Progress | None = None,
    ) -> SearchResult:
        """See `Searcher`. `storage` is not used: a search takes seconds and is repeatable by its seed."""
        start = time.perf_counter()
        context.feasible.check()
        rng = generator(seed, "paper")
        first = sample_adaptive(min(population, evaluations), rng, context.feasible).indices
        known = Known(context, first, evaluations)
        values = evaluate(known.since(0), objectives, context)
        current = np.arange(len(known))
        idle = 0
        while len(known) < evaluations and idle < MOST_IDLE:
            before = len(known)
            points = minimised(values, objectives)
            children = []
            for _ in range(population):
                parents = [known.rows[_tournament(points, current, rng)] for _ in range(2)]
                index = known.add(_child(parents[0], parents[1], known.sizes, rng), rng)
                if index is not None:
                    children.append(index)
            idle = 0 if len(known) > before else idle + 1
            if len(known) > before:
                values = np.concatenate([values, evaluate(known.since(before), objectives, context)])
            current = np.asarray(children)
            if progress is not None:
                progress(len(known), evaluations)
        return result_of(known.since(0), values, objectives, time.perf_counter() - start)


def _tournament(points: NDArray[np.float64], current: NDArray[np.int64], rng: np.random.Generator) -> int:
    drawn = current[rng.integers(len(current), size=TOURNAMENT)]
    return int(drawn[front(points[drawn])[0]])


def _child(first: Indices, second: Indices, sizes: NDArray[np.int64], rng: np.random.Generator) -> Indices:
    child = first.copy()
    if rng.random() < 0.6:
        low, high = np.sort(rng.integers(len(child), size=2))
        child[low : high + 1] = second[low : high + 1]
    redrawn = rng.random(len(child)) < 0.1
    child[redrawn] = (rng.random(int(redrawn.sum())) * sizes[redrawn]).astype(np.int64)
    return child
