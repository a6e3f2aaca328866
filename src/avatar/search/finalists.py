"""Who is trained with the whole recipe beside the winner of a search, and which of them is kept."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import Objective, minimised
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture


def costs(result: SearchResult, objectives: Sequence[type[Objective]]) -> NDArray[np.float64]:
    """What each architecture of `result` costs in those of `objectives` that are costs, (n, costs)."""
    columns = [column for column, objective in enumerate(objectives) if objective.is_cost]
    return minimised(result.values, objectives)[:, columns]


def saves(dear: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether `dear` (costs,) is below `other` (costs,) somewhere and above it nowhere."""
    return bool((dear <= other).all() and (dear < other).any())


def challengers(
    pool: SearchResult,
    objectives: Sequence[type[Objective]],
    winner: Architecture,
    tolerance: float,
    count: int,
) -> tuple[Architecture, ...]:
    """`count` architectures of `pool`'s front beside `winner`, or as many as there are.

    First those that save something and whose accuracy, brief or predicted, is no further below the winner's than
    `tolerance` (0 to 1): those that save most by the product of their costs first. Then the others, the most accurate
    first.
    """
    place = [objective.name for objective in objectives].index("accuracy")
    accuracy, dear = pool.values[:, place], costs(pool, objectives)
    own = pool.architectures.index(winner)
    rest = [int(index) for index in pool.front if index != own]
    near = [i for i in rest if saves(dear[i], dear[own]) and accuracy[i] >= accuracy[own] - tolerance]
    far = [i for i in rest if i not in near]
    ranked = sorted(near, key=lambda i: float(dear[i].prod())) + sorted(far, key=lambda i: -accuracy[i])
    return tuple(pool.architectures[index] for index in ranked[:count])


def cheapest_as_good(scores: NDArray[np.float64], errors: NDArray[np.float64], dear: NDArray[np.float64]) -> int:
    """The student to keep by the one-standard-error rule (Breiman et al. 1984, section 3.4.3).

    It is the best by `scores` (n,), or what saves something over it by `dear` (n, costs) and lies no further below it
    than its entry in `errors` (n,), the standard error of that distance; of several the one that saves most, by the
    product of the costs, and of equal ones the better.
    """
    best = int(scores.argmax())
    good = [i for i in range(len(scores)) if saves(dear[i], dear[best]) and scores[i] >= scores[best] - errors[i]]
    return min(good, key=lambda i: (float(dear[i].prod()), -scores[i]), default=best)
