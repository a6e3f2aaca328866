"""Turns any combination of values into a legal, canonical architecture within the budgets, with few changes."""

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.space.architecture import TYPES
from avatar.space.budgets import Feasible
from avatar.space.genes import GENES
from avatar.space.space import Architectures, Indices


class Repairer:
    """Repairs rows of indices for one feasible set.

    Illegal values change to the closest legal one. If the architecture is too large, genes get smaller in random order,
    the last one only as much as needed: so repaired architectures are just within the budget.
    """

    def __init__(self, feasible: Feasible) -> None:
        self.feasible = feasible
        self.space = feasible.space
        self._shrinkable = [column for column, name in enumerate(self.space.names) if GENES[name].shrinks]
        repairs = [GENES[name].row_repair(self.space) for name in TYPES]
        self._repairs = [repair for repair in repairs if repair is not None]

    def __call__(self, row: Indices, rng: np.random.Generator) -> Indices:
        """The repaired copy of one row; a ConfigError if no architecture is within the budgets."""
        row = self._legal(row[None])[0]
        while not self._fits(row[None])[0]:
            columns = [column for column in self._shrinkable if row[column] > 0]
            if not columns:
                return self._smallest(rng)
            column = columns[int(rng.integers(len(columns)))]
            fitting = self._largest_fitting(row, column)
            if fitting is not None:
                row = fitting
            else:
                row = self._with_values(row, column, np.asarray([rng.integers(row[column])]))[0]
        return row

    def _fits(self, rows: Indices) -> NDArray[np.bool_]:
        return self.feasible.affordable(Architectures(self.space, rows))

    def _largest_fitting(self, row: Indices, column: int) -> Indices | None:
        """`row` with the largest smaller value of one gene that fits, or None; 64 values are tried at a time."""
        low, high, best = 0, int(row[column]) - 1, None
        while low <= high:
            values = np.unique(np.linspace(low, high, 64).astype(np.int64))
            rows = self._with_values(row, column, values)
            fitting = np.flatnonzero(self._fits(rows))
            if not len(fitting):
                return best
            last = int(fitting[-1])
            best = rows[last]
            low, high = int(values[last]) + 1, int(values[last + 1]) - 1 if last + 1 < len(values) else -1
        return best

    def _with_values(self, row: Indices, column: int, values: NDArray[np.int64]) -> Indices:
        rows = np.repeat(row[None], len(values), axis=0)
        rows[:, column] = values
        return self._legal(rows)

    def _smallest(self, rng: np.random.Generator) -> Indices:
        smallest = self.feasible.smallest
        rows = smallest.indices[self.feasible(smallest)]
        if not len(rows):
            self.feasible.check()
            raise ConfigError(
                f"no architecture of '{self.space.name}' is within {self.feasible.budgets}",
                "raise a budget, or allow smaller values in the search space",
            )
        return np.asarray(rows[int(rng.integers(len(rows)))])

    def _legal(self, rows: Indices) -> Indices:
        """Legal canonical copies of `rows`."""
        rows = rows.copy()
        for repair in self._repairs:
            repair(rows)
        return self.space.canonical_of(Architectures(self.space, rows), self.feasible.task).indices
