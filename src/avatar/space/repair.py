"""Makes any combination of values a legal, canonical architecture within budget, with few changes."""

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.space.architecture import TYPES
from avatar.space.budgets import Feasible
from avatar.space.genes import GENES
from avatar.space.space import Architectures, Indices


class Repairer:
    """Repairs rows of indices for one feasible set.

    Illegal values move to the nearest legal one. What is too large is shrunk gene by gene, in random
    order, and the last gene only as far as needed: so repaired architectures lie on the budget's edge.
    """

    def __init__(self, feasible: Feasible) -> None:
        self.feasible = feasible
        self.space = feasible.space
        self._shrinkable = [column for column, name in enumerate(self.space.names) if GENES[name].shrinks]
        menders = [GENES[name].mender(self.space) for name in TYPES]
        self._menders = [mend for mend in menders if mend is not None]

    def __call__(self, row: Indices, rng: np.random.Generator) -> Indices:
        """The repaired copy of one row; a ConfigError where nothing is within budget."""
        row = self._legal(row[None])[0]
        while not self._fits(row[None])[0]:
            open_genes = [place for place in self._shrinkable if row[place] > 0]
            if not open_genes:
                return self._smallest(rng)
            place = open_genes[int(rng.integers(len(open_genes)))]
            fitting = self._largest_fitting(row, place)
            if fitting is not None:
                row = fitting
            else:
                row = self._with_values(row, place, np.asarray([rng.integers(row[place])]))[0]
        return row

    def _fits(self, rows: Indices) -> NDArray[np.bool_]:
        return self.feasible.affordable(Architectures(self.space, rows))

    def _largest_fitting(self, row: Indices, place: int) -> Indices | None:
        """`row` with the largest lower value of one gene that fits; 64 values are tried at a time."""
        low, high, best = 0, int(row[place]) - 1, None
        while low <= high:
            values = np.unique(np.linspace(low, high, 64).astype(np.int64))
            rows = self._with_values(row, place, values)
            fitting = np.flatnonzero(self._fits(rows))
            if not len(fitting):
                return best
            last = int(fitting[-1])
            best = rows[last]
            low, high = int(values[last]) + 1, int(values[last + 1]) - 1 if last + 1 < len(values) else -1
        return best

    def _with_values(self, row: Indices, place: int, values: NDArray[np.int64]) -> Indices:
        rows = np.repeat(row[None], len(values), axis=0)
        rows[:, place] = values
        return self._legal(rows)

    def _smallest(self, rng: np.random.Generator) -> Indices:
        smallest = self.feasible.smallest
        rows = smallest.indices[self.feasible(smallest)]
        if not len(rows):
            self.feasible.check()
            raise ConfigError(
                f"no architecture of '{self.space.name}' is within {self.feasible.budgets}",
                "raise a budget, or widen the search space downward",
            )
        return np.asarray(rows[int(rng.integers(len(rows)))])

    def _legal(self, rows: Indices) -> Indices:
        """Legal canonical copies of `rows`."""
        rows = rows.copy()
        for mend in self._menders:
            mend(rows)
        return self.space.canonical_of(Architectures(self.space, rows), self.feasible.task).indices
