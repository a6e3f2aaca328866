"""Random architectures from the feasible set: uniform, or each as far as possible from the others."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.space.architecture import Architecture
from avatar.space.bounds import reachable
from avatar.space.budgets import Feasible
from avatar.space.repair import Repairer
from avatar.space.space import Architectures, Indices

ENUMERABLE = 200_000
"""Grids up to this many rows are listed; larger ones are sampled."""
LARGEST_DRAW = 1 << 18
"""Rows drawn at a time, at most."""
MOST_DRAWS = 1 << 23
"""Rows drawn in all, at most; the missing ones are then made by repair."""


def sample_uniform(n: int, rng: np.random.Generator, feasible: Feasible) -> Architectures:
    """`n` distinct feasible architectures (all if there are fewer), each equally likely.

    If less than about one combination in a million is feasible, the missing ones are random combinations that are
    repaired until they fit; this is not exactly uniform.
    """
    space = feasible.space
    domains = reachable(feasible)
    if np.prod([float(len(domain)) for domain in domains]) <= ENUMERABLE:
        rows = np.asarray(list(itertools.product(*domains)), dtype=np.int64).reshape(-1, len(domains))
        rows = rows[feasible(Architectures(space, rows))]
        if not len(rows):
            feasible.check()
            raise ConfigError(
                f"no architecture of '{space.name}' is within {feasible.budgets}",
                "raise a budget, or allow smaller values in the search space",
            )
        return Architectures(space, rows[rng.permutation(len(rows))[:n]])
    samples = np.empty((0, len(domains)), dtype=np.int64)
    size, drawn = 4096, 0
    while len(samples) < n and drawn < MOST_DRAWS:
        rows = np.stack([rng.choice(domain, size) for domain in domains], axis=1)
        rows = rows[feasible(Architectures(space, rows))]
        samples = _distinct(np.concatenate([samples, rows]))
        drawn += size
        size = min(size * 4, LARGEST_DRAW)
    if len(samples) < n:
        samples = _top_up(samples, n, rng, feasible, domains)
    return Architectures(space, samples[:n])


def sample_adaptive(
    n: int,
    rng: np.random.Generator,
    feasible: Feasible,
    existing: Sequence[Architecture] = (),
    pool: int = 1000,
) -> Architectures:
    """`n` distinct feasible architectures (all if there are fewer) that are far from each other and from `existing`.

    Adaptive random sampling, as for the paper's initial population: from a uniform pool, take repeatedly the one whose
    nearest neighbour among `existing` and those already taken is farthest, by Euclidean distance of the encodings.
    """
    space = feasible.space
    candidates = sample_uniform(max(pool, 5 * n) + len(existing), rng, feasible)
    encoded = space.encode(candidates)
    nearest = np.full(len(encoded), np.inf)
    if len(existing):
        known = space.canonical_of(space.architectures(existing), feasible.task)
        nearest = np.linalg.norm(encoded[:, None] - space.encode(known)[None], axis=-1).min(axis=1)
        taken = {tuple(row) for row in known.indices.tolist()}
        nearest[[tuple(row) in taken for row in candidates.indices.tolist()]] = -1.0
    picked: list[int] = []
    while len(picked) < n and nearest.max() >= 0:
        picked.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(encoded - encoded[picked[-1]], axis=1))
        nearest[picked] = -1.0
    return candidates.take(np.asarray(picked, dtype=np.int64))


def _top_up(
    samples: Indices, n: int, rng: np.random.Generator, feasible: Feasible, domains: list[NDArray[np.int64]]
) -> Indices:
    repair = Repairer(feasible)
    for _ in range(50):
        rows = [repair(np.asarray([rng.choice(domain) for domain in domains]), rng) for _ in range(n)]
        samples = _distinct(np.concatenate([samples, np.stack(rows)]))
        if len(samples) >= n:
            break
    return samples


def _distinct(rows: Indices) -> Indices:
    """`rows` without duplicates, in the order of their first occurrence."""
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]
