"""Evaluates every architecture within the budgets, where there are at most some millions."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from avatar.search.objectives import Objective, SearchContext, evaluate, minimised
from avatar.search.pareto import front
from avatar.search.result import Progress, SearchResult, result_of
from avatar.space.enumerate import count, enumerate_feasible
from avatar.space.space import Architectures


class Exhaustive:
    """The exact front. `evaluations` and `population` are ignored; only the front is returned."""

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
        """See `Searcher`. `storage` is not used: a search takes seconds and always gives the same."""
        start = time.perf_counter()
        context.feasible.check()
        total = count(context.feasible)
        rows = np.empty((0, len(context.space.genes)), dtype=np.int64)
        values = np.empty((0, len(objectives)))
        evaluated = 0
        for archs in enumerate_feasible(context.feasible):
            evaluated += len(archs)
            rows = np.concatenate([rows, archs.indices])
            values = np.concatenate([values, evaluate(archs, objectives, context)])
            kept = front(minimised(values, objectives))
            rows, values = rows[kept], values[kept]
            if progress is not None:
                progress(evaluated, total)
        on_front = Architectures(context.space, rows)
        return result_of(on_front, values, objectives, time.perf_counter() - start, evaluated)
