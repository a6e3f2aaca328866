"""Which architectures to train next: the feedback loop that the paper lacks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture
from avatar.space.budgets import Feasible
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace
from avatar.surrogate.base import Surrogate

NEAR = 0.05
"""Two architectures closer than this in the encoding teach the surrogate about the same."""


def most_promising_and_uncertain(
    result: SearchResult,
    model: Surrogate,
    space: SearchSpace,
    trained: Sequence[Architecture],
    n: int,
    seed: int,
) -> list[Architecture]:
    """Up to `n` members of the front that are not in `trained`: half with the highest predicted accuracy,
    half with the largest uncertainty, in turns, the most promising first.

    Near copies of one another are passed over while there are others. Ties are broken by `seed`.
    """
    known = {space.canonical(arch) for arch in trained if space.contains(arch)} | set(trained)
    candidates = [arch for arch in result.front_architectures if arch not in known]
    if not candidates:
        return []
    encoded = space.encode(candidates)
    mean, std = model.predict(encoded)
    noise = generator(seed, "acquire").random(len(candidates))
    orders = [np.lexsort((noise, -mean)).tolist(), np.lexsort((noise, -std)).tolist()]
    picked: list[int] = []
    for least_distance in (NEAR, -1.0):
        turn = 0
        queues = [[place for place in order if place not in picked] for order in orders]
        while len(picked) < n and any(queues):
            queue = queues[turn % 2]
            turn += 1
            while queue:
                place = queue.pop(0)
                if place not in picked and _distance(encoded, place, picked) > least_distance:
                    picked.append(place)
                    break
    return [candidates[place] for place in picked[:n]]


def space_filling(feasible: Feasible, trained: Sequence[Architecture], n: int, seed: int) -> list[Architecture]:
    """Up to `n` feasible architectures far from one another and from `trained`.

    What to train for real where no surrogate beats the constant: the front is then that of the measured
    accuracies (`result.result_of`), and nothing is pretended.
    """
    return list(sample_adaptive(n, generator(seed, "space-filling"), feasible, existing=trained))


def _distance(encoded: NDArray[np.float64], place: int, picked: list[int]) -> float:
    if not picked:
        return np.inf
    return float(np.linalg.norm(encoded[picked] - encoded[place], axis=1).min())
