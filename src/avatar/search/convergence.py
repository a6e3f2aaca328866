"""How much of the front a search had found after how many evaluations, and how much there was to find."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import Objective, SearchContext, minimised
from avatar.search.pareto import front, hypervolume
from avatar.search.result import SEARCHERS, SearchResult
from avatar.space.enumerate import count_quickly

MOST_ENUMERATED = 200_000
"""Feasible sets up to this size are looked at in full, in seconds, to know what a search has missed."""
POINTS = 40
MARGIN = 0.1
"""The reference point lies this share of the front's range beyond its worst value of each objective."""


@dataclass(frozen=True)
class Convergence:
    """Hypervolume (points,) after so many evaluations (points,), the last of them all.

    Objectives are scaled to the box of the exact front where it is known, else of the front that was found.
    `exact` is the exact front's hypervolume in the same units, None where there were too many architectures.
    """

    evaluations: NDArray[np.int64]
    hypervolumes: NDArray[np.float64]
    exact: float | None = None

    @property
    def ratio(self) -> float | None:
        """The found front's hypervolume as a share of the exact front's; None where that is not known."""
        return None if not self.exact else float(self.hypervolumes[-1]) / self.exact


def scaled_hypervolume(losses: NDArray[np.float64], box: NDArray[np.float64]) -> float:
    """Hypervolume of `losses` (n, objectives, minimised) in units of the box that the rows of `box` span.

    The reference point is a tenth of each side beyond the worst of `box`. A side without length counts as 1.
    """
    best, spread = box.min(axis=0), np.ptp(box, axis=0)
    scaled = (losses - best) / np.where(spread > 0, spread, 1.0)
    return hypervolume(scaled, np.full(box.shape[1], 1.0 + MARGIN))


def convergence(
    result: SearchResult, objectives: Sequence[type[Objective]], exact: SearchResult | None = None
) -> Convergence:
    """The curve of `result`, of a single point where only the front was kept, as by exhaustive search."""
    losses = minimised(result.values, objectives)
    box = minimised((result if exact is None else exact).front_values, objectives)
    total = None if exact is None else scaled_hypervolume(box, box)
    count = len(losses)
    if result.evaluated > count:
        volume = scaled_hypervolume(losses, box)
        return Convergence(np.asarray([result.evaluated]), np.asarray([volume]), total)
    steps = np.unique(np.geomspace(1, count, POINTS).round().astype(np.int64)) if count else np.empty(0, np.int64)
    found, volumes, start = losses[:0], [], 0
    for step in steps:
        found = np.concatenate([found, losses[start:step]])
        found, start = found[front(found)], int(step)
        volumes.append(scaled_hypervolume(found, box))
    return Convergence(steps, np.asarray(volumes), total)


def exact_front(context: SearchContext, objectives: Sequence[type[Objective]]) -> SearchResult | None:
    """The front of everything feasible, or None where that is more than `MOST_ENUMERATED` architectures.

    The size decides, and not a clock: a job gives the same numbers on a busy machine.
    """
    feasible = count_quickly(context.feasible)
    if feasible is None or feasible > MOST_ENUMERATED:
        return None
    return SEARCHERS.get("exhaustive")().search(context, objectives, MOST_ENUMERATED, 0, 0)
