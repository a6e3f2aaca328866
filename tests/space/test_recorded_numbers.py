"""The shipped spaces give what they gave when results were published: counts, encodings, samples and repairs.

A change of one of these digests changes which students a search looks at, and so every number of docs/results.md.
"""

import hashlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.budgets import Budgets, Feasible
from avatar.space.cost import flops_of, params_of
from avatar.space.enumerate import describe
from avatar.space.repair import Repairer
from avatar.space.sampling import sample_adaptive, sample_uniform
from avatar.space.space import Architectures
from spaces import read_space

RECORDED = {
    "avatar": ("97e2c64c19df", "c22ef7a07d07", "125827aa0b08"),
    "compressor": ("c8b8af8fa96e", "895c2abad8b6", "7fdc9bc3f3ee"),
    "lean": ("f936129a3d35", "b4370f2dab78", "66447f36e77b"),
    "pooled": ("0b54926bf34a", "ca5fd469d122", "2d5f9da2b15c"),
    "pooled_wide": ("37894a1b391e", "9dcc3f7f89e0", "7cb12b0b0983"),
    "ngrams": ("7326ee7d2bb0", "68bfd56a7f4c", "e26eacf69ded"),
}
"""Digests of sizes, encodings and random architectures, by space."""
RECORDED_TASKS = (Task.FUNCTION, Task.PAIR)
"""The tasks that existed when the digests were recorded."""
COUNTED = {
    "avatar": "about 9.5e+16 of 1.125e+19 combinations are allowed and within 3 MB (estimated from 100,000 draws)",
    "compressor": "190,740 of 1.106e+07 combinations are different, allowed and within 3 MB",
    "lean": "197,916 of 1.244e+06 combinations are different, allowed and within 3 MB",
    "pooled": "1,320 of 1,848 combinations are different, allowed and within 3 MB",
    "pooled_wide": "4,590 of 5,670 combinations are different, allowed and within 3 MB",
    "ngrams": "5,784 of 1.505e+04 combinations are different, allowed and within 3 MB",
}


def digest(*arrays: NDArray[Any]) -> str:
    content = b"".join(np.ascontiguousarray(array, dtype=np.int64).tobytes() for array in arrays)
    return hashlib.sha256(content).hexdigest()[:12]


def drawn(name: str) -> Architectures:
    """Any combinations of values, legal or not."""
    space = read_space(name)
    rng = np.random.default_rng(3)
    return Architectures(space, np.stack([rng.integers(0, size, 3000) for size in space.sizes], axis=1))


def sizes(name: str) -> str:
    archs = drawn(name)
    counts = [count(archs.columns, task) for count in (params_of, flops_of) for task in RECORDED_TASKS]
    return digest(*(np.broadcast_to(count, len(archs)) for count in counts))


def encodings(name: str) -> str:
    archs = drawn(name)
    encoded = np.rint(1e9 * archs.space.encode(archs))
    return digest(encoded, *(archs.space.canonical_of(archs, task).indices for task in RECORDED_TASKS))


def random_architectures(name: str) -> str:
    feasible = Feasible(read_space(name), Budgets(mb=3.0), Task.PAIR)
    rng = np.random.default_rng(5)
    uniform, adaptive = sample_uniform(30, rng, feasible), sample_adaptive(8, rng, feasible, pool=100)
    repair = Repairer(feasible)
    repaired = [repair(row, rng) for row in drawn(name).indices[:60]]
    return digest(uniform.indices, adaptive.indices, np.stack(repaired), rng.integers(10**9, size=1))


@pytest.mark.parametrize("name", [*RECORDED])
def test_numbers_are_those_that_were_recorded(name: str) -> None:
    assert (sizes(name), encodings(name), random_architectures(name)) == RECORDED[name]
    assert describe(Feasible(read_space(name), Budgets(mb=3.0), Task.PAIR)) == COUNTED[name]
