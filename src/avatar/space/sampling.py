"""Random architectures from the feasible set: uniform, or each as far as possible from the rest."""

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
"""Grids up to this many rows are listed rather than drawn from."""
LARGEST_DRAW = 1 << 18
MOST_DRAWS = 1 << 23


def sample_uniform(n: int, rng: np.random.Generator, feasible: Feasible) -> Architectures:
    """`n` distinct feasible architectures (all of them where there are fewer), each equally likely.

    Where less than about one in a million combinations is feasible, the missing ones are drawn at random
    and shrunk until they fit, which is no longer exactly uniform.
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
                "raise a budget, or widen the search space downward",
            )
        return Architectures(space, rows[rng.permutation(len(rows))[:n]])
    found = np.empty((0, len(domains)), dtype=np.int64)
    size, drawn = 4096, 0
    while len(found) < n and drawn < MOST_DRAWS:
        rows = np.stack([rng.choice(domain, size) for domain in domains], axis=1)
        rows = rows[feasible(Architectures(space, rows))]
        found = _distinct(np.concatenate([found, rows]))
        drawn += size
        size = min(size * 4, LARGEST_DRAW)
    if len(found) < n:
        found = _top_up(found, n, rng, feasible, domains)
    return Architectures(space, found[:n])


def sample_adaptive(
    n: int,
    rng: np.random.Generator,
    feasible: Feasible,
    existing: Sequence[Architecture] = (),
    pool: int = 1000,
) -> Architectures:
    """`n` distinct feasible architectures (or all there are) that fill the space beside `existing`.

    Adaptive random sampling, as the paper builds its initial population: out of a uniform pool, take
    again and again the one whose nearest neighbour among `existing` and those taken is farthest, by the
    Euclidean distance of the encoding.
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
    found: Indices, n: int, rng: np.random.Generator, feasible: Feasible, domains: list[NDArray[np.int64]]
) -> Indices:
    repair = Repairer(feasible)
    for _ in range(50):
        rows = [repair(np.asarray([rng.choice(domain) for domain in domains]), rng) for _ in range(n)]
        found = _distinct(np.concatenate([found, np.stack(rows)]))
        if len(found) >= n:
            break
    return found


def _distinct(rows: Indices) -> Indices:
    """`rows` without repetitions, in the order of their first appearance."""
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]
