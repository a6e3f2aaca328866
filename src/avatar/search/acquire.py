"""Which architectures to train next: a feedback loop that the paper does not have."""

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
from avatar.surrogate.base import Prediction, Surrogate

LEAST_DISTANCE = 0.05
"""Architectures closer than this in the encoding are similar: both teach the surrogate nearly the same."""
DRAWS = 4096
"""Number of random points over which the gain of hypervolume is averaged."""
LEAST_STD = 1e-9
"""Smaller standard deviations are raised to this value, against a division by 0."""


@dataclass(frozen=True)
class AcquisitionRequest:
    """The input of an acquisition: the search's result, and what is measured so far.

    `result` has predicted accuracies, `measured` those of the candidates with a full training; the columns of both are
    `objectives`. `n` architectures are requested, none of them in `trained`. `seed` breaks ties. `encode` gives the
    rows that `model` reads; without it, those of the space.
    """

    space: SearchSpace
    objectives: Sequence[type[Objective]]
    result: SearchResult
    measured: SearchResult
    model: Surrogate
    trained: Sequence[Architecture]
    n: int
    seed: int
    encode: Callable[[Sequence[Architecture]], NDArray[np.float64]] | None = None

    def predict(self, archs: Sequence[Architecture]) -> Prediction:
        """Mean and standard deviation of the model for `archs`, (n,) and (n,)."""
        return self.model.predict((self.encode or self.space.encode)(archs))

    def is_new(self, archs: Sequence[Architecture]) -> list[int]:
        """Indices of those in `archs` that were not trained."""
        known = {self.space.canonical(arch) for arch in self.trained if self.space.contains(arch)}
        known |= set(self.trained)
        return [index for index, arch in enumerate(archs) if arch not in known]


Acquisition = Callable[[AcquisitionRequest], list[Architecture]]
"""Gives up to `request.n` new architectures, the best first."""

ACQUISITIONS: Registry[Acquisition] = Registry("acquisition")


@ACQUISITIONS.register("front")
def most_promising_and_uncertain(request: AcquisitionRequest) -> list[Architecture]:
    """Members of the front: half with the highest predicted accuracy, half with the largest uncertainty.

    The two kinds alternate, starting with the highest accuracy. Similar ones come after all others.
    """
    members = request.result.front_architectures
    candidates = [members[index] for index in request.is_new(members)]
    if not candidates:
        return []
    encoded = request.space.encode(candidates)
    mean, std = request.predict(candidates)
    noise = generator(request.seed, "acquire").random(len(candidates))
    orders = [np.lexsort((noise, -mean)).tolist(), np.lexsort((noise, -std)).tolist()]
    picked: list[int] = []
    for least_distance in (LEAST_DISTANCE, -1.0):
        turn = 0
        queues = [[row for row in order if row not in picked] for order in orders]
        while len(picked) < request.n and any(queues):
            queue = queues[turn % 2]
            turn += 1
            while queue:
                row = queue.pop(0)
                if row not in picked and _distance(encoded, [row], picked)[0] > least_distance:
                    picked.append(row)
                    break
    return [candidates[row] for row in picked[: request.n]]


@ACQUISITIONS.register("hypervolume")
def expected_hypervolume_improvement(request: AcquisitionRequest) -> list[Architecture]:
    """The largest expected gain of the measured front's hypervolume first (Emmerich et al. 2006).

    Costs are known exactly, and accuracy is normally distributed. So the expected gain is a mean over random points in
    the box of the costs: at each point, the expected improvement of the candidate over the most accurate measured
    architecture, where only architectures within the costs of the point count. `DRAWS` points are used. In a batch,
    the predictions of those already picked count as measured (the "believer" of Ginsbourger et al. 2010), and similar
    architectures come after all others. All architectures that the search evaluated are candidates. Without accuracy
    among the objectives, this is the acquisition "front".
    """
    names = request.result.objectives
    if "accuracy" not in names:
        return most_promising_and_uncertain(request)
    rows = request.is_new(request.result.architectures)
    if not rows:
        return []
    candidates = [request.result.architectures[row] for row in rows]
    encoded = request.space.encode(candidates)
    mean, std = request.predict(candidates)

    column = names.index("accuracy")
    known = minimised(request.measured.values, request.objectives)
    both = np.concatenate([known, minimised(request.result.front_values, request.objectives)])
    both = both[front(both)]
    worst = both.max(axis=0) + MARGIN * np.ptp(both, axis=0)
    cost_columns = [index for index in range(len(names)) if index != column]
    low, high = both.min(axis=0)[cost_columns], worst[cost_columns]
    points = low + generator(request.seed, "acquire").random((DRAWS, len(cost_columns))) * (high - low)
    level = np.full(DRAWS, -worst[column])
    for row in known:
        level = _raised(level, -row[column], (row[cost_columns] <= points).all(axis=1))

    values = minimised(request.result.values[rows], request.objectives)[:, cost_columns]
    affordable = np.stack([(row <= points).all(axis=1) for row in values]).astype(np.float32)
    picked: list[int] = []
    while len(picked) < min(request.n, len(candidates)):
        gain = _expected_gain(mean, std, level, affordable)
        gain[picked] = -1.0
        apart = (_distance(encoded, range(len(candidates)), picked) > LEAST_DISTANCE) & (gain >= 0)
        best = int(np.where(apart if apart.any() else gain >= 0, gain, -1.0).argmax())
        picked.append(best)
        level = _raised(level, mean[best], affordable[best] > 0)
    return [candidates[row] for row in picked]


def space_filling(feasible: Feasible, trained: Sequence[Architecture], n: int, seed: int) -> list[Architecture]:
    """Up to `n` feasible architectures far from one another and from `trained`.

    Used where no surrogate beats the constant predictor. The front is then that of the measured accuracies alone.
    """
    return list(sample_adaptive(n, generator(seed, "space-filling"), feasible, existing=trained))


def _expected_gain(
    mean: NDArray[np.float64], std: NDArray[np.float64], level: NDArray[np.float64], affordable: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Expected gain (n,) over `level` (draws,), averaged over the draws; `affordable` (n, draws) is a mask."""
    from scipy.stats import norm  # slow to import, and every start reads the names in ACQUISITIONS

    levels, which = np.unique(level, return_inverse=True)
    counts = affordable @ np.eye(len(levels), dtype=np.float32)[which.reshape(-1)]
    spread = np.maximum(std, LEAST_STD)[:, None]
    above = mean[:, None] - levels
    improvement = above * norm.cdf(above / spread) + spread * norm.pdf(above / spread)
    return np.asarray((counts * improvement).sum(axis=1) / len(level))


def _raised(level: NDArray[np.float64], accuracy: float, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(where, np.maximum(level, accuracy), level)


def _distance(encoded: NDArray[np.float64], rows: Sequence[int], picked: list[int]) -> NDArray[np.float64]:
    """Distance of each of `rows` to the closest row in `picked`, (rows,); infinite where nothing is picked."""
    points = encoded[list(rows)]
    if not picked:
        return np.full(len(points), np.inf)
    return np.asarray(np.linalg.norm(points[:, None] - encoded[picked][None], axis=-1).min(axis=1))
