"""Which architectures to train next: the feedback loop that the paper lacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.registry import Registry
from avatar.common.seeding import generator
from avatar.search.convergence import MARGIN
from avatar.search.objectives import Objective, minimised
from avatar.search.pareto import front
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture
from avatar.space.budgets import Feasible
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace
from avatar.surrogate.base import Surrogate

NEAR = 0.05
"""Two architectures closer than this in the encoding teach the surrogate about the same."""
DRAWS = 4096
"""Points at which the gain of hypervolume is averaged."""
LEAST_STD = 1e-9


@dataclass(frozen=True)
class AcquisitionRequest:
    """What an acquisition decides from: the search's result, and what is measured of it so far.

    `result` has the predicted accuracies, `measured` those of the candidates trained in full; both have values
    of `objectives`. None of `trained` is asked for again. `n` architectures are wanted, ties broken by `seed`.
    """

    space: SearchSpace
    objectives: Sequence[type[Objective]]
    result: SearchResult
    measured: SearchResult
    model: Surrogate
    trained: Sequence[Architecture]
    n: int
    seed: int

    def is_new(self, archs: Sequence[Architecture]) -> list[int]:
        """Places of those in `archs` that were not trained."""
        known = {self.space.canonical(arch) for arch in self.trained if self.space.contains(arch)}
        known |= set(self.trained)
        return [place for place, arch in enumerate(archs) if arch not in known]


Acquisition = Callable[[AcquisitionRequest], list[Architecture]]
"""Up to `asked.n` new architectures, the most wanted first."""

ACQUISITIONS: Registry[Acquisition] = Registry("acquisition")


@ACQUISITIONS.register("front")
def most_promising_and_uncertain(asked: AcquisitionRequest) -> list[Architecture]:
    """Members of the front: half with the highest predicted accuracy, half with the largest uncertainty, in
    turns, the most promising first. Near copies of one another are passed over while there are others."""
    members = asked.result.front_architectures
    candidates = [members[place] for place in asked.is_new(members)]
    if not candidates:
        return []
    encoded = asked.space.encode(candidates)
    mean, std = asked.model.predict(encoded)
    noise = generator(asked.seed, "acquire").random(len(candidates))
    orders = [np.lexsort((noise, -mean)).tolist(), np.lexsort((noise, -std)).tolist()]
    picked: list[int] = []
    for least_distance in (NEAR, -1.0):
        turn = 0
        queues = [[place for place in order if place not in picked] for order in orders]
        while len(picked) < asked.n and any(queues):
            queue = queues[turn % 2]
            turn += 1
            while queue:
                place = queue.pop(0)
                if place not in picked and _distance(encoded, [place], picked)[0] > least_distance:
                    picked.append(place)
                    break
    return [candidates[place] for place in picked[: asked.n]]


@ACQUISITIONS.register("hypervolume")
def expected_hypervolume_improvement(asked: AcquisitionRequest) -> list[Architecture]:
    """Those from which the measured front's hypervolume is expected to gain most (Emmerich et al. 2006).

    Costs are known and accuracy is normal, so the expectation is a mean over points of the cost box: at each that
    a candidate affords, its expected improvement on the most accurate measured one that affords it too. The mean
    is over `DRAWS` random points; the rest is exact. The next of a batch takes the first ones' predictions for
    measured (the "believer" of Ginsbourger et al. 2010), and near copies are passed over while there are others.
    Any architecture that the search looked at may be asked for. Without accuracy as an objective: the front.
    """
    names = asked.result.objectives
    if "accuracy" not in names:
        return most_promising_and_uncertain(asked)
    places = asked.is_new(asked.result.architectures)
    if not places:
        return []
    candidates = [asked.result.architectures[place] for place in places]
    encoded = asked.space.encode(candidates)
    mean, std = asked.model.predict(encoded)

    column = names.index("accuracy")
    known = minimised(asked.measured.values, asked.objectives)
    both = np.concatenate([known, minimised(asked.result.front_values, asked.objectives)])
    both = both[front(both)]
    worst = both.max(axis=0) + MARGIN * np.ptp(both, axis=0)
    costs_of = [place for place in range(len(names)) if place != column]
    low, high = both.min(axis=0)[costs_of], worst[costs_of]
    points = low + generator(asked.seed, "acquire").random((DRAWS, len(costs_of))) * (high - low)
    level = np.full(DRAWS, -worst[column])
    for row in known:
        level = _raised(level, -row[column], (row[costs_of] <= points).all(axis=1))

    values = minimised(asked.result.values[places], asked.objectives)[:, costs_of]
    affords = np.stack([(row <= points).all(axis=1) for row in values]).astype(np.float32)
    picked: list[int] = []
    while len(picked) < min(asked.n, len(candidates)):
        gain = _expected_gain(mean, std, level, affords)
        gain[picked] = -1.0
        apart = (_distance(encoded, range(len(candidates)), picked) > NEAR) & (gain >= 0)
        best = int(np.where(apart if apart.any() else gain >= 0, gain, -1.0).argmax())
        picked.append(best)
        level = _raised(level, mean[best], affords[best] > 0)
    return [candidates[place] for place in picked]


def space_filling(feasible: Feasible, trained: Sequence[Architecture], n: int, seed: int) -> list[Architecture]:
    """Up to `n` feasible architectures far from one another and from `trained`.

    What to train for real where no surrogate beats the constant: the front is then that of the measured
    accuracies (`result.result_of`), and nothing is pretended.
    """
    return list(sample_adaptive(n, generator(seed, "space-filling"), feasible, existing=trained))


def _expected_gain(
    mean: NDArray[np.float64], std: NDArray[np.float64], level: NDArray[np.float64], affords: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Gain (n,) of accuracy over `level` (draws,), averaged over the draws that each affords (n, draws)."""
    from scipy.stats import norm  # slow to import, and the names in ACQUISITIONS are asked for at every start

    levels, which = np.unique(level, return_inverse=True)
    counts = affords @ np.eye(len(levels), dtype=np.float32)[which.reshape(-1)]
    spread = np.maximum(std, LEAST_STD)[:, None]
    above = mean[:, None] - levels
    improvement = above * norm.cdf(above / spread) + spread * norm.pdf(above / spread)
    return np.asarray((counts * improvement).sum(axis=1) / len(level))


def _raised(level: NDArray[np.float64], accuracy: float, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(where, np.maximum(level, accuracy), level)


def _distance(encoded: NDArray[np.float64], places: Sequence[int], picked: list[int]) -> NDArray[np.float64]:
    """Of each of `places`, the distance to the nearest that is picked, (places,)."""
    asked = encoded[list(places)]
    if not picked:
        return np.full(len(asked), np.inf)
    return np.asarray(np.linalg.norm(asked[:, None] - encoded[picked][None], axis=-1).min(axis=1))
