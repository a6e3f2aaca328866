"""Which values of each gene are possible within the budgets."""

import numpy as np
from numpy.typing import NDArray

from avatar.space.budgets import Feasible
from avatar.space.genes import GENES, Cost
from avatar.space.space import Architectures, legal


def reachable(feasible: Feasible) -> list[NDArray[np.int64]]:
    """For each gene, the indices of the values that are possible within the limits in MB and GFLOPs.

    The product of these domains contains the whole feasible set and, for a small budget, little more. A gene without a
    cost keeps all its values. The limit in milliseconds is ignored.
    """
    smallest = feasible.smallest
    fitting = smallest.indices[np.broadcast_to(feasible.within(smallest), len(smallest))]
    domains = []
    for column, gene in enumerate(feasible.space.genes):
        cost = GENES[gene.name].cost
        if cost is Cost.ANY:
            domains.append(np.unique(fitting[:, column]))
        elif cost is Cost.GROWS:
            domains.append(np.arange(_largest(feasible, fitting, column) + 1))
        else:
            domains.append(np.arange(len(gene.values)))
    return domains


def bounds(feasible: Feasible) -> dict[str, tuple[object, object]]:
    """First and last value of each searched gene that is possible within the limits in MB and GFLOPs."""
    genes = feasible.space.genes
    return {
        gene.name: (gene.values[indices[0]].item(), gene.values[indices[-1]].item())
        for gene, indices in zip(genes, reachable(feasible), strict=True)
        if len(indices)
    }


def _largest(feasible: Feasible, rows: NDArray[np.int64], column: int) -> int:
    """The last index of a monotone gene with which some of `rows` fits, -1 if none does; by bisection."""
    low, high = -1, len(feasible.space.genes[column].values) - 1
    while low < high:
        middle = (low + high + 1) // 2
        tried = rows.copy()
        tried[:, column] = middle
        archs = Architectures(feasible.space, tried)
        counted = legal(archs.columns) & feasible.space.is_canonical(archs, feasible.task)
        if np.any(feasible.within(archs) & counted):
            low = middle
        else:
            high = middle - 1
    return low
