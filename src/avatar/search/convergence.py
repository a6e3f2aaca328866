"""The hypervolume that a search has reached after each number of evaluations, and that of the exact front."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import Objective, SearchContext, minimised
from avatar.search.pareto import front, hypervolume
from avatar.search.result import SEARCHERS, SearchResult
from avatar.space.enumerate import count_quickly

MOST_ENUMERATED = 200_000
"""Feasible sets up to this size are evaluated completely, in seconds, to get the exact front."""
POINTS = 40
"""Points of the curve."""
MARGIN = 0.1
"""The reference point is worse than the front's worst value by this share of the front's range, in each objective."""


@dataclass(frozen=True)
class Convergence:
    """Hypervolume (points,) after each number of evaluations (points,); the last point is after all of them.

    Objectives are scaled to the box of the exact front if it is known, else of the search's front. `exact` is the
    hypervolume of the exact front in the same units; None with more than `MOST_ENUMERATED` architectures.
    """

    evaluations: NDArray[np.int64]
    hypervolumes: NDArray[np.float64]
    exact: float | None = None

    @property
    def ratio(self) -> float | None:
        """Hypervolume of the search's front divided by that of the exact front; None where that is not known."""
        return None if not self.exact else float(self.hypervolumes[-1]) / self.exact


def scaled_hypervolume(losses: NDArray[np.float64], box: NDArray[np.float64]) -> float:
    """Hypervolume of `losses` (n, objectives, minimised) in units of the box that the rows of `box` span.

    The reference point is worse than the worst of `box` by a tenth of each side. A side of length 0 counts as 1.
    """
    best, spread = box.min(axis=0), np.ptp(box, axis=0)
    scaled = (losses - best) / np.where(spread > 0, spread, 1.0)
    return hypervolume(scaled, np.full(box.shape[1], 1.0 + MARGIN))


def convergence(
    result: SearchResult, objectives: Sequence[type[Objective]], exact: SearchResult | None = None
) -> Convergence:
    """The curve of `result`; a single point where the result has only the front, as that of the exhaustive search."""
    losses = minimised(result.values, objectives)
    box = minimised((result if exact is None else exact).front_values, objectives)
    total = None if exact is None else scaled_hypervolume(box, box)
    count = len(losses)
    if result.evaluated > count:
        volume = scaled_hypervolume(losses, box)
        return Convergence(np.asarray([result.evaluated]), np.asarray([volume]), total)
    steps = np.unique(np.geomspace(1, count, POINTS).round().astype(np.int64)) if count else np.empty(0, np.int64)
    best, volumes, start = losses[:0], [], 0
    for step in steps:
        best = np.concatenate([best, losses[start:step]])
        best, start = best[front(best)], int(step)
        volumes.append(scaled_hypervolume(best, box))
    return Convergence(steps, np.asarray(volumes), total)


def exact_front(context: SearchContext, objectives: Sequence[type[Objective]]) -> SearchResult | None:
    """The front of all feasible architectures; None with more than `MOST_ENUMERATED` of them.

    The limit is a number, not a time: so a job gives the same numbers on a busy machine.
    """
    feasible = count_quickly(context.feasible)
    if feasible is None or feasible > MOST_ENUMERATED:
        return None
    return SEARCHERS.get("exhaustive")().search(context, objectives, MOST_ENUMERATED, 0, 0)
