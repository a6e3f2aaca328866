"""Compressor's genetic algorithm (Shi et al., ASE 2022): it maximises FLOPs close to the size budget."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.search.objectives import Objective, SearchContext, evaluate
from avatar.search.objectives.flops import Flops
from avatar.search.objectives.size import Size
from avatar.search.result import Progress, SearchResult, result_of
from avatar.search.searchers.known import Known
from avatar.space.sampling import sample_uniform
from avatar.space.space import Architectures, Indices

MOST_IDLE = 100
"""A search ends after this many generations without a new architecture."""


class Compressor:
    """One-point crossover with probability 0.6, else mutation of a random tail of the genes; the fittest survive.

    The fitness is that of the paper: GFLOPs minus the distance to the target size in MB. There, models may exceed the
    budget; here such a child is repaired.
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
        known = _evolve(context, evaluations, population, seed, progress)
        archs = known.since(0)
        values = evaluate(archs, objectives, context)
        return result_of(archs, values, objectives, time.perf_counter() - start)


def _evolve(context: SearchContext, evaluations: int, population: int, seed: int, progress: Progress | None) -> Known:
    context.feasible.check()
    rng = generator(seed, "compressor")
    first = sample_uniform(min(population, evaluations), rng, context.feasible).indices
    known = Known(context, first, evaluations)
    fitness = _fitness(known.since(0), context)
    parents = np.arange(len(known))
    idle = 0
    while len(known) < evaluations and len(parents) > 1 and idle < MOST_IDLE:
        before = len(known)
        for _ in range(population):
            first_parent, second_parent = rng.choice(parents, 2, replace=False)
            child = _child(known.rows[first_parent], known.rows[second_parent], known.sizes, rng)
            index = known.add(child, rng)
            if index is not None and index < before:  # as in the paper, a duplicate is mutated as well
                known.add(_mutate(child, known.sizes, rng), rng)
        idle = 0 if len(known) > before else idle + 1
        if len(known) > before:
            fitness = np.append(fitness, _fitness(known.since(before), context))
        parents = np.argsort(-fitness, kind="stable")[:population]
        if progress is not None:
            progress(len(known), evaluations)
    return known


def _fitness(archs: Architectures, context: SearchContext) -> NDArray[np.float64]:
    flops = Flops().values(archs, context)
    if context.budgets.mb is None:
        return flops
    return np.asarray(flops - np.abs(context.budgets.mb - Size().values(archs, context)), np.float64)


def _child(first: Indices, second: Indices, sizes: NDArray[np.int64], rng: np.random.Generator) -> Indices:
    if len(first) > 1 and rng.random() < 0.6:
        cut = int(rng.integers(1, len(first)))
        return np.concatenate([first[:cut], second[cut:]])
    return _mutate(first, sizes, rng)


def _mutate(row: Indices, sizes: NDArray[np.int64], rng: np.random.Generator) -> Indices:
    """All genes from a random position to the end get another value."""
    row = row.copy()
    start = int(rng.integers(len(row)))
    steps = 1 + (rng.random(len(row) - start) * (sizes[start:] - 1)).astype(np.int64)
    row[start:] = (row[start:] + steps) % sizes[start:]
    return row
