"""Who is trained in full beside the winner of a search, and which of them is kept: the one-standard-error rule."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import Objective, minimised
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture


def costs(result: SearchResult, objectives: Sequence[type[Objective]]) -> NDArray[np.float64]:
    """How dear each architecture of `result` is, (n,): all objectives but accuracy, each scaled to [0, 1], summed."""
    names = [objective.name for objective in objectives]
    losses = np.delete(minimised(result.values, objectives), names.index("accuracy"), axis=1)
    spread = np.ptp(losses, axis=0)
    return np.asarray(((losses - losses.min(axis=0)) / np.where(spread > 0, spread, 1.0)).sum(axis=1))


def challengers(
    pool: SearchResult,
    objectives: Sequence[type[Objective]],
    winner: Architecture,
    tolerance: float,
    count: int,
) -> tuple[Architecture, ...]:
    """`count` architectures of `pool`'s front beside `winner`, or as many as there are.

    First those that are cheaper and of which no accuracy further below the winner's than `tolerance` (0 to 1) is
    expected, the cheapest first; then the others, the most accurate first.
    """
    place = [objective.name for objective in objectives].index("accuracy")
    accuracy, dear = pool.values[:, place], costs(pool, objectives)
    own = pool.architectures.index(winner)
    rest = [int(index) for index in pool.front if index != own]
    near = [index for index in rest if dear[index] < dear[own] and accuracy[index] >= accuracy[own] - tolerance]
    far = [index for index in rest if index not in near]
    ranked = sorted(near, key=lambda index: dear[index]) + sorted(far, key=lambda index: -accuracy[index])
    return tuple(pool.architectures[index] for index in ranked[:count])


def cheapest_as_good(
    scores: NDArray[np.float64], resampled: NDArray[np.float64], dear: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64]]:
    """The one to keep of students with `scores` (n,), and the standard errors (n,) of their distances to the best.

    It is the cheapest by `dear` (n,) of those that are no further below the best than one standard error (Breiman et
    al. 1984, section 3.4.3), here that of the paired difference over the draws of `resampled` (draws, n).
    """
    best = int(scores.argmax())
    errors = np.asarray((resampled[:, [best]] - resampled).std(axis=0, ddof=1))
    good = np.flatnonzero(scores >= scores[best] - errors)
    return int(min(good, key=lambda index: (dear[index], -scores[index]))), errors
