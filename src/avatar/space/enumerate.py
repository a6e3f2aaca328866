"""Exact counts and lists of all architectures within the budgets, in bounded memory."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.space.bounds import reachable
from avatar.space.budgets import Feasible
from avatar.space.cost import params_of
from avatar.space.genes.base import table_width
from avatar.space.space import Architectures, Indices, legal

CHUNK = 1 << 18
"""Rows in memory at a time."""
MOST_COUNTED = 200_000_000
"""Largest grid (without vocab_size) that is counted."""
QUICKLY_COUNTED = 5_000_000
"""Largest grid (without vocab_size) that is counted in about a second."""
DRAWS = 100_000
"""Random rows for an estimate of the count."""


def describe(feasible: Feasible) -> str:
    """A phrase with the number of feasible architectures: exact if this takes about a second, else an estimate."""
    total, limits = f"{feasible.space.combinations:,.4g} combinations", f"within {replace(feasible.budgets, ms=None)}"
    exact = count_quickly(feasible)
    if exact is not None:
        return f"{exact:,} of {total} are different, allowed and {limits}"
    box = [len(domain) for domain in reachable(feasible)]
    rng = np.random.default_rng(0)
    rows = np.stack([rng.choice(domain, DRAWS) for domain in reachable(feasible)], axis=1)
    archs = Architectures(feasible.space, rows)
    keep = legal(archs.columns) & feasible.space.is_canonical(archs, feasible.task) & feasible.within(archs)
    estimate = float(np.prod(box, dtype=np.float64)) * float(keep.mean())
    return f"about {estimate:.2g} of {total} are allowed and {limits} (estimated from {DRAWS:,} draws)"


def count_quickly(feasible: Feasible) -> int | None:
    """As `count`, or None if it would take more than about a second."""
    box = [len(domain) for domain in reachable(feasible)]
    counted = [size for size, name in zip(box, feasible.space.names, strict=True) if name != "vocab_size"]
    return count(feasible) if float(np.prod(counted, dtype=np.float64)) <= QUICKLY_COUNTED else None


def count(feasible: Feasible) -> int:
    """How many architectures are legal, distinct and within the limits in MB and GFLOPs, exactly.

    For each combination of the other genes, the values of vocab_size that fit are counted in one step: only the size
    depends on vocab_size, and it grows with it. A grid that is too large is a ConfigError.
    """
    return sum(int(fitting.sum()) for _, fitting in _without_vocabulary(feasible, MOST_COUNTED))


def enumerate_feasible(feasible: Feasible, most: int = 50_000_000) -> Iterator[Architectures]:
    """All feasible architectures, in blocks of at most about `CHUNK`; more than `most` is a ConfigError.

    Unlike `count`, this also applies the limit in milliseconds.
    """
    space = feasible.space
    column = space.names.index("vocab_size") if "vocab_size" in space.names else None
    total = 0
    for rows, fitting in _without_vocabulary(feasible, MOST_COUNTED):
        total += int(fitting.sum())
        if total > most:
            raise ConfigError(
                f"more than {most} architectures of '{space.name}' are within {feasible.budgets}, too many to list",
                "fix some genes, lower a budget, or use search=nsga2",
            )
        starts = np.concatenate([[0], np.cumsum(fitting)])
        for first in range(0, len(rows), max(1, CHUNK // max(1, int(fitting.max(initial=1))))):
            last = min(len(rows), first + max(1, CHUNK // max(1, int(fitting.max(initial=1)))))
            block = np.repeat(rows[first:last], fitting[first:last], axis=0)
            if column is not None and len(block):
                offsets = np.repeat(starts[first:last] - starts[first], fitting[first:last])
                block[:, column] = np.arange(len(block)) - offsets
            archs = Architectures(space, block)
            if len(archs) and feasible.budgets.ms is not None:
                archs = archs.take(feasible(archs))
            if len(archs):
                yield archs


def _without_vocabulary(feasible: Feasible, most: int) -> Iterator[tuple[Indices, NDArray[np.int64]]]:
    """Blocks of rows with the smallest vocab_size, and for each row the number of values of vocab_size that fit."""
    space = feasible.space
    domains = reachable(feasible)
    vocabularies = space.values("vocab_size")
    if "vocab_size" in space.names:
        domains[space.names.index("vocab_size")] = np.zeros(1, dtype=np.int64)
    shape = tuple(len(domain) for domain in domains)
    total = int(np.prod(shape, dtype=object))
    if total > most:
        raise ConfigError(
            f"'{space.name}' has {total} combinations to check against {feasible.budgets}, too many to list",
            "fix some genes, or use search=nsga2",
        )
    for start in range(0, total, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, total))
        positions = np.unravel_index(numbers, shape) if shape else ()
        rows = (
            np.stack([domain[position] for domain, position in zip(domains, positions, strict=True)], axis=1)
            if shape
            else np.zeros((1, 0), dtype=np.int64)
        )
        archs = Architectures(space, rows)
        keep = feasible.within(archs) & legal(archs.columns) & space.is_canonical(archs, feasible.task)
        rows = rows[keep]
        columns = archs.take(keep).columns
        smallest = np.broadcast_to(params_of(columns, feasible.task), len(rows))
        largest = vocabularies[0] + (feasible.budgets.max_params - smallest) / table_width(columns, feasible.task)
        fitting = np.searchsorted(vocabularies, np.floor(largest + 1e-9), side="right")
        yield rows, np.broadcast_to(fitting, len(rows)).astype(np.int64)
