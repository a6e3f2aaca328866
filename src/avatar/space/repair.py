"""Makes any combination of values a legal, canonical architecture within budget, with few changes."""

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.space.budgets import Feasible
from avatar.space.space import Architectures, Indices

SHRINKABLE = ("vocab_size", "layers", "hidden_size", "intermediate_size", "max_length", "embedding_size", "window")


class Repairer:
    """Repairs rows of indices for one feasible set.

    Illegal values move to the nearest legal one. What is too large is shrunk gene by gene, in random
    order, and the last gene only as far as needed: so repaired architectures lie on the budget's edge.
    """

    def __init__(self, feasible: Feasible) -> None:
        self.feasible = feasible
        self.space = feasible.space
        self._place = {name: place for place, name in enumerate(self.space.names)}
        self._shrinkable = [self._place[name] for name in SHRINKABLE if name in self._place]
        self._hidden_to, self._heads_to = self._width_tables()

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
        columns = self.space.columns(rows)
        blind = np.broadcast_to((columns["layers"] == 0) & (columns["pooling"] == "first"), len(rows))
        if blind.any():
            poolings = self.space.values("pooling").tolist()
            others = [place for place, value in enumerate(poolings) if value != "first"]
            if others:
                rows[blind, self._place["pooling"]] = others[0]
            else:
                rows[blind, self._place["layers"]] = 1
        if "window" in self._place:
            columns = self.space.columns(rows)
            contextual = np.broadcast_to((columns["layers"] > 0) | (columns["position"] != "none"), len(rows))
            windows = self.space.values("window").tolist()
            if 1 in windows:
                rows[contextual, self._place["window"]] = windows.index(1)
            else:  # every student of this space is a bag of windows
                rows[contextual] = self._as_bags(rows[contextual])
        if "hidden_size" in self._place:
            column = rows[:, self._place["hidden_size"]]
            column[:] = self._hidden_to[column]
        if "embedding_size" in self._place:
            self._narrow_tokens(rows)
        if "heads" in self._place:
            place = self._place["heads"]
            hidden = rows[:, self._place["hidden_size"]] if "hidden_size" in self._place else np.zeros(1, int)
            rows[:, place] = self._heads_to[hidden, rows[:, place]]
        return self.space.canonical_of(Architectures(self.space, rows), self.feasible.task).indices

    def _as_bags(self, rows: Indices) -> Indices:
        """`rows` without layers and positions."""
        for name, value in (("layers", 0), ("position", "none")):
            if name in self._place:
                rows[:, self._place[name]] = self.space.values(name).tolist().index(value)
        return rows

    def _narrow_tokens(self, rows: Indices) -> None:
        place, values = self._place["embedding_size"], self.space.values("embedding_size")
        hidden = np.broadcast_to(self.space.columns(rows)["hidden_size"], len(rows))
        largest = np.searchsorted(values, hidden, side="right") - 1
        rows[:, place] = np.minimum(rows[:, place], largest)

    def _width_tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each width the nearest width that some number of heads divides and tokens fit into, and for
        each width and number of heads the nearest number that divides it."""
        hidden, heads = self.space.values("hidden_size"), self.space.values("heads")
        layers, embedding = self.space.values("layers"), self.space.values("embedding_size")
        divides = hidden[:, None] % heads == 0
        if layers.max() == 0:
            divides[:] = True
        usable = np.flatnonzero(divides.any(axis=1) & (embedding.min() <= hidden))
        hidden_to = usable[np.abs(hidden[usable] - hidden[:, None]).argmin(axis=1)]
        distance = np.abs(np.log(heads[None, :] / heads[:, None]))
        heads_to = np.where(divides[:, None, :], distance[None], np.inf).argmin(axis=2)
        return hidden_to, heads_to
