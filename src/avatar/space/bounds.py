"""Which values of each gene some architecture within budget can have."""

import numpy as np
from numpy.typing import NDArray

from avatar.space.budgets import Feasible
from avatar.space.genes import GENES, Cost
from avatar.space.space import Architectures, legal


def reachable(feasible: Feasible) -> list[NDArray[np.int64]]:
    """For each gene, the places of the values that fit the limits in MB and GFLOPs.

    The product of these domains holds the whole feasible set and, for a tight budget, little more. A gene
    that costs nothing keeps all its values; a limit in milliseconds is not looked at.
    """
    smallest = feasible.smallest
    fitting = smallest.indices[np.broadcast_to(feasible.within(smallest), len(smallest))]
    domains = []
    for place, gene in enumerate(feasible.space.genes):
        cost = GENES[gene.name].cost
        if cost is Cost.ANY:
            domains.append(np.unique(fitting[:, place]))
        elif cost is Cost.GROWS:
            domains.append(np.arange(_largest(feasible, fitting, place) + 1))
        else:
            domains.append(np.arange(len(gene.values)))
    return domains


def bounds(feasible: Feasible) -> dict[str, tuple[object, object]]:
    """First and last value of each searched gene that fits the limits in MB and GFLOPs."""
    genes = feasible.space.genes
    return {
        gene.name: (gene.values[places[0]].item(), gene.values[places[-1]].item())
        for gene, places in zip(genes, reachable(feasible), strict=True)
        if len(places)
    }


def _largest(feasible: Feasible, rows: NDArray[np.int64], place: int) -> int:
    """The last place of a monotone gene with which some of `rows` fits, -1 where none does; by bisection."""
    low, high = -1, len(feasible.space.genes[place].values) - 1
    while low < high:
        middle = (low + high + 1) // 2
        tried = rows.copy()
        tried[:, place] = middle
        archs = Architectures(feasible.space, tried)
        counted = legal(archs.columns) & feasible.space.is_canonical(archs, feasible.task)
        if np.any(feasible.within(archs) & counted):
            low = middle
        else:
            high = middle - 1
    return low
