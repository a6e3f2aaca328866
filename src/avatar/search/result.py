"""The result of a search, and the interface of all searchers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.registry import Registry
from avatar.search.objectives import Objective, SearchContext, minimised
from avatar.search.pareto import front
from avatar.space.architecture import Architecture

Progress = Callable[[int, int], None]
"""Called with the number of evaluations done, and of all."""


@dataclass(frozen=True)
class SearchResult:
    """Architectures in the order of their evaluation, their values (n, objectives) and the front's indices.

    Values are in the units of the objectives. `evaluated` counts all evaluations: more than `architectures` where
    only the front is kept, as by the exhaustive search.
    """

    objectives: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    values: NDArray[np.float64]
    front: NDArray[np.intp]
    evaluated: int
    seconds: float

    @property
    def front_architectures(self) -> tuple[Architecture, ...]:
        """The architectures that no other one dominates."""
        return tuple(self.architectures[index] for index in self.front)

    @property
    def front_values(self) -> NDArray[np.float64]:
        """Their values, (front, objectives)."""
        return self.values[self.front]


def result_of(
    archs: Sequence[Architecture],
    values: NDArray[np.float64],
    objectives: Sequence[type[Objective]],
    seconds: float,
    evaluated: int | None = None,
) -> SearchResult:
    """The result of architectures with known values: from a searcher, or from real trainings."""
    return SearchResult(
        tuple(objective.name for objective in objectives),
        tuple(archs),
        values,
        front(minimised(values, objectives)),
        len(archs) if evaluated is None else evaluated,
        seconds,
    )


class Searcher(Protocol):
    """Searches for the front."""

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
        """Evaluate at most `evaluations` distinct architectures, all legal and within the budgets.

        Deterministic given `seed`. With `storage`, a file, a killed search continues and gives the result of an
        uninterrupted one. A budget that no architecture meets is a ConfigError.
        """
        ...


SEARCHERS: Registry[type[Searcher]] = Registry(
    "searcher",
    {
        "compressor": "avatar.search.searchers.compressor:Compressor",
        "exhaustive": "avatar.search.searchers.exhaustive:Exhaustive",
        "nsga2": "avatar.search.searchers.nsga2:NSGA2",
        "paper": "avatar.search.searchers.paper:Paper",
        "random": "avatar.search.searchers.random:Random",
    },
)
