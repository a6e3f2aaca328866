"""Crossover and mutation that keep architectures legal, within budget and new."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.space.budgets import Feasible
from avatar.space.repair import Repairer
from avatar.space.sampling import sample_uniform
from avatar.space.space import Indices

Row = tuple[int, ...]
"""One architecture: the index of each gene's value."""

ATTEMPTS = 15
"""Attempts to get a new child before the reserve is used."""
RESERVE = 20_000
"""Random architectures in the reserve."""


class Variation:
    """Makes children of rows of indices; each child is legal, canonical and within the budgets."""

    def __init__(self, feasible: Feasible, seed: int) -> None:
        self.feasible = feasible
        self.seed = seed
        self.repair = Repairer(feasible)
        self.sizes = np.asarray(feasible.space.sizes, dtype=np.int64)
        self._logs = [
            np.log(gene.values + (0.0 if gene.values[0] > 0 else 1.0 - gene.values[0])) if gene.is_number else None
            for gene in feasible.space.genes
        ]

    def crossover(self, first: Indices, second: Indices, rng: np.random.Generator) -> Indices:
        """Each gene from a random parent; numbers with probability 0.2 from anywhere between both."""
        child = np.where(rng.random(len(first)) < 0.5, first, second)
        for column, logs in enumerate(self._logs):
            if logs is not None and rng.random() < 0.2:
                low, high = sorted((int(first[column]), int(second[column])))
                child[column] = rng.integers(low, high + 1)
        return child

    def mutate(self, row: Indices, rng: np.random.Generator, strength: float = 1.0) -> Indices:
        """Change `strength` genes on average, at least one.

        A number moves on its logarithmic scale, at least to the next value; a category changes to any other.
        """
        row = row.copy()
        chosen = rng.random(len(row)) < strength / len(row)
        chosen[rng.integers(len(row))] = True
        for column in np.flatnonzero(chosen):
            size, logs = int(self.sizes[column]), self._logs[column]
            if size == 1:
                continue
            if logs is None or rng.random() < 0.1:
                row[column] = (row[column] + rng.integers(1, size)) % size
                continue
            spread = 0.1 * (logs[-1] - logs[0]) * rng.standard_normal()
            moved = int(np.abs(logs - (logs[row[column]] + spread)).argmin())
            if moved == row[column]:
                moved += 1 if spread > 0 else -1
            if not 0 <= moved < size:  # a step beyond an end goes back inside
                moved = 1 if moved < 0 else size - 2
            row[column] = moved
        return row

    def child(
        self,
        select: Callable[[np.random.Generator], Indices],
        rng: np.random.Generator,
        is_new: Callable[[Row], bool],
    ) -> Indices | None:
        """A child that `is_new` accepts, of parents that `select` draws; None where no new architecture is left."""
        for attempt in range(ATTEMPTS):
            child = select(rng)
            if rng.random() < 0.9:
                child = self.crossover(child, select(rng), rng)
            if rng.random() < 0.7 or attempt:
                child = self.mutate(child, rng, strength=1.0 + 0.3 * attempt)
            if is_new(as_row(child)):  # a known row needs no repair
                child = self.repair(child, rng)
                if is_new(as_row(child)):
                    return child
        return next((row for row in self._reserve if is_new(as_row(row))), None)

    @cached_property
    def _reserve(self) -> Indices:
        """Random architectures, used when crossover and mutation give nothing new."""
        return sample_uniform(RESERVE, generator(self.seed, "reserve"), self.feasible).indices


def as_row(indices: NDArray[np.int64]) -> Row:
    """`indices` as a tuple, to be a key of dictionaries."""
    return tuple(indices.tolist())
