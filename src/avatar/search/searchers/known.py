"""The architectures that a searcher knows so far."""

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives import SearchContext
from avatar.search.variation import Row, as_row
from avatar.space.repair import Repairer
from avatar.space.space import Architectures, Indices


class Known:
    """Distinct feasible architectures in the order in which they were added."""

    def __init__(self, context: SearchContext, first: Indices, most: int) -> None:
        self.context = context
        self.most = most
        self.sizes: NDArray[np.int64] = np.asarray(context.space.sizes, dtype=np.int64)
        self.repair = Repairer(context.feasible)
        self.rows: list[Indices] = list(first[:most])
        self._index: dict[Row, int] = {as_row(row): index for index, row in enumerate(self.rows)}

    def add(self, row: Indices, rng: np.random.Generator) -> int | None:
        """Index of the repaired `row`, new or not; None where it is new and there are `most` already."""
        key = as_row(row)
        if key not in self._index:
            row = self.repair(row, rng)
            key = as_row(row)
        if key not in self._index:
            if len(self.rows) >= self.most:
                return None
            self._index[key] = len(self.rows)
            self.rows.append(row)
        return self._index[key]

    def since(self, start: int) -> Architectures:
        """The architectures from index `start` to the end."""
        return Architectures(self.context.space, np.stack(self.rows[start:]))

    def __len__(self) -> int:
        return len(self.rows)
