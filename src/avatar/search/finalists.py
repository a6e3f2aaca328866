"""Which architectures get a full training beside the winner of a search, and which student is kept."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import Objective, minimised
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture


def costs(result: SearchResult, objectives: Sequence[type[Objective]]) -> NDArray[np.float64]:
    """Values of those objectives that are costs, (n, costs)."""
    columns = [column for column, objective in enumerate(objectives) if objective.is_cost]
    return minimised(result.values, objectives)[:, columns]


def saves(cost: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether `cost` (costs,) is below `other` (costs,) in some cost and above it in none."""
    return bool((cost <= other).all() and (cost < other).any())


def challengers(
    pool: SearchResult,
    objectives: Sequence[type[Objective]],
    winner: Architecture,
    tolerance: float,
    count: int,
) -> tuple[Architecture, ...]:
    """Up to `count` architectures of `pool`'s front, without `winner`.

    First those that are cheaper than the winner (see `saves`) and whose accuracy is at most `tolerance` (0 to 1) below
    the winner's, sorted by the product of their costs, the cheapest first. Then the others, the most accurate first.
    """
    column = [objective.name for objective in objectives].index("accuracy")
    accuracy, cost = pool.values[:, column], costs(pool, objectives)
    own = pool.architectures.index(winner)
    rest = [int(index) for index in pool.front if index != own]
    cheaper = [i for i in rest if saves(cost[i], cost[own]) and accuracy[i] >= accuracy[own] - tolerance]
    others = [i for i in rest if i not in cheaper]
    ranked = sorted(cheaper, key=lambda i: float(cost[i].prod())) + sorted(others, key=lambda i: -accuracy[i])
    return tuple(pool.architectures[index] for index in ranked[:count])


def cheapest_as_good(scores: NDArray[np.float64], errors: NDArray[np.float64], cost: NDArray[np.float64]) -> int:
    """Index of the student to keep, by the one-standard-error rule (Breiman et al. 1984, section 3.4.3).

    Candidates are cheaper than the best student by `cost` (n, costs) (see `saves`), and their score in `scores` (n,) is
    at most one standard error below the best. `errors` (n,) are the standard errors of these differences. The
    candidate with the smallest product of its costs is kept, of equal ones the better. Without a candidate it is the
    best student.
    """
    best = int(scores.argmax())
    good = [i for i in range(len(scores)) if saves(cost[i], cost[best]) and scores[i] >= scores[best] - errors[i]]
    return min(good, key=lambda i: (float(cost[i].prod()), -scores[i]), default=best)
