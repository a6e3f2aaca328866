"""Random search: the baseline for all other searchers."""

import time
from collections.abc import Sequence
from pathlib import Path

from avatar.common.seeding import generator
from avatar.search.objectives import Objective, SearchContext, evaluate
from avatar.search.result import Progress, SearchResult, result_of
from avatar.space.sampling import sample_uniform


class Random:
    """Distinct uniform samples of the feasible set."""

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
        """See `Searcher`. `storage` is not used: the seed gives all samples again."""
        start = time.perf_counter()
        context.feasible.check()
        archs = sample_uniform(evaluations, generator(seed, "random"), context.feasible)
        values = evaluate(archs, objectives, context)
        if progress is not None:
            progress(len(archs), evaluations)
        return result_of(archs, values, objectives, time.perf_counter() - start)
