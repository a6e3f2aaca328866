"""What the genetic algorithm has to beat: random search, Compressor's algorithm, and the paper's settings."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.search.objectives import Flops, Objective, SearchContext, Size, evaluate, minimised
from avatar.search.pareto import front
from avatar.search.result import SEARCHERS, Progress, SearchResult, result_of
from avatar.search.variation import Row, Variation, as_row
from avatar.space.sampling import sample_adaptive, sample_uniform
from avatar.space.space import Architectures, Indices


@SEARCHERS.register("random")
class Random:
    """Uniform samples of the feasible set, none twice."""

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
        """See `Searcher`. Needs no storage: the seed alone gives all samples at once."""
        start = time.perf_counter()
        context.feasible.check()
        archs = sample_uniform(evaluations, generator(seed, "random"), context.feasible)
        values = evaluate(archs, objectives, context)
        if progress is not None:
            progress(len(archs), evaluations)
        return result_of(archs, values, objectives, time.perf_counter() - start)


class _Generations:
    """Generations of distinct architectures, made anew from the seed: cheap enough to need no storage."""

    def __init__(self, context: SearchContext, evaluations: int, population: int, first: Indices) -> None:
        self.context = context
        self.evaluations = evaluations
        self.population = population
        self.variation = Variation(context.feasible)
        self.rows: list[Indices] = list(first[:evaluations])
        self.seen: set[Row] = {as_row(row) for row in self.rows}

    def add(self, candidate: Indices, rng: np.random.Generator) -> bool:
        """Repair a child and take it in if it is new and there is room."""
        row = self.variation.repair(candidate, rng)
        if as_row(row) in self.seen or len(self.rows) >= self.evaluations:
            return False
        self.seen.add(as_row(row))
        self.rows.append(row)
        return True

    @property
    def found(self) -> Architectures:
        """All architectures so far."""
        return Architectures(self.context.space, np.stack(self.rows))


@SEARCHERS.register("compressor")
class Compressor:
    """Compressor's genetic algorithm (Shi et al., ASE 2022): most FLOPs, closest to the size budget.

    One-point crossover with probability 0.6, else mutation of a tail of the genes; parents at random; the
    fittest survive. Their fitness (GFLOPs minus the distance to the target size) lets models exceed the
    budget; here a child that does is repaired.
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
        """See `Searcher`."""
        start = time.perf_counter()
        context.feasible.check()
        rng = generator(seed, "compressor")
        first = sample_uniform(min(population, evaluations), rng, context.feasible).indices
        state = _Generations(context, evaluations, population, first)
        fitness = self._fitness(state.found, context)
        parents = np.arange(len(state.rows))
        idle = 0
        while len(state.rows) < evaluations and len(parents) > 1 and idle < 20:
            before = len(state.rows)
            for _ in range(population):
                pair = rng.choice(parents, 2, replace=False)
                state.add(self._child(state.rows[pair[0]], state.rows[pair[1]], state, rng), rng)
            idle = idle + 1 if len(state.rows) == before else 0
            if len(state.rows) > before:
                fitness = np.append(fitness, self._fitness(state.found[before:], context))
            parents = np.argsort(-fitness, kind="stable")[:population]
            if progress is not None:
                progress(len(state.rows), evaluations)
        values = evaluate(state.found, objectives, context)
        return result_of(state.found, values, objectives, time.perf_counter() - start)

    @staticmethod
    def _fitness(archs: Architectures, context: SearchContext) -> NDArray[np.float64]:
        target = context.budgets.mb if context.budgets.mb is not None else 0.0
        distance = np.abs(target - Size().values(archs, context)) if context.budgets.mb is not None else 0.0
        return np.asarray(Flops().values(archs, context) - distance, np.float64)

    @staticmethod
    def _child(first: Indices, second: Indices, state: _Generations, rng: np.random.Generator) -> Indices:
        genes = len(first)
        sizes = state.variation.sizes
        if rng.random() < 0.6 and genes > 1:
            cut = int(rng.integers(1, genes))
            return np.concatenate([first[:cut], second[cut:]])
        child = first.copy()
        tail = int(rng.integers(genes))
        steps = 1 + (rng.random(genes - tail) * (sizes[tail:] - 1)).astype(int)
        child[tail:] = (child[tail:] + steps) % sizes[tail:]
        return child


@SEARCHERS.register("paper")
class Paper:
    """Avatar's genetic algorithm with its settings and its mistakes mended.

    As in the paper: adaptive-random first population, tournaments of ten, two-point crossover with
    probability 0.6, every gene redrawn with probability 0.1, children replace their parents, an archive
    keeps the front. Mended: dominance as usual (theirs demands a strict gain in every objective), children
    share nothing with their parents, and what is illegal or over budget is repaired.
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
        """See `Searcher`."""
        start = time.perf_counter()
        context.feasible.check()
        rng = generator(seed, "paper")
        first = sample_adaptive(min(population, evaluations), rng, context.feasible).indices
        state = _Generations(context, evaluations, population, first)
        values = evaluate(state.found, objectives, context)
        current = np.arange(len(state.rows))
        idle = 0
        while len(state.rows) < evaluations and len(current) > 1 and idle < 20:
            before = len(state.rows)
            points = minimised(values, objectives)
            while len(state.rows) - before < population and len(state.rows) < evaluations:
                child = self._child(
                    [state.rows[self._tournament(points, current, rng)] for _ in range(2)], state, rng
                )
                if not state.add(child, rng) and rng.random() < 0.02:
                    break
            idle = idle + 1 if len(state.rows) == before else 0
            if len(state.rows) > before:
                values = np.concatenate([values, evaluate(state.found[before:], objectives, context)])
                current = np.arange(before, len(state.rows))
            if progress is not None:
                progress(len(state.rows), evaluations)
        return result_of(state.found, values, objectives, time.perf_counter() - start)

    @staticmethod
    def _tournament(points: NDArray[np.float64], current: NDArray[np.intp], rng: np.random.Generator) -> int:
        drawn = current[rng.integers(len(current), size=10)]
        return int(drawn[front(points[drawn])[0]])

    @staticmethod
    def _child(parents: list[Indices], state: _Generations, rng: np.random.Generator) -> Indices:
        child = parents[0].copy()
        if rng.random() <= 0.6:
            low, high = np.sort(rng.integers(len(child), size=2))
            child[low : high + 1] = parents[1][low : high + 1]
        redrawn = rng.random(len(child)) < 0.1
        child[redrawn] = (rng.random(int(redrawn.sum())) * state.variation.sizes[redrawn]).astype(int)
        return child
