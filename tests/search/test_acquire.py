"""Which architectures the feedback loop trains next."""

from dataclasses import replace

import numpy as np
import pytest

from avatar.search.acquire import ACQUISITIONS, AcquisitionRequest, space_filling
from avatar.search.objectives import evaluate, minimised
from avatar.search.pareto import front, hypervolume
from avatar.search.result import SearchResult, result_of
from avatar.space.sampling import sample_uniform
from avatar.surrogate.base import Surrogate
from avatar.surrogate.linear import GaussianProcess
from spaces import THREE, context, small_space

ABOUT = context(small_space())
SPACE = ABOUT.space
ARCHS = sample_uniform(60, np.random.default_rng(0), ABOUT.feasible)
TRAINED = list(ARCHS[:10])
MODEL = GaussianProcess(1).fit(SPACE.encode(TRAINED), ABOUT.predicted["accuracy"](TRAINED))


def searched(model: Surrogate = MODEL) -> SearchResult:
    predicted = replace(ABOUT, predicted={"accuracy": lambda archs: model.predict(SPACE.encode(archs))[0]})
    return result_of(ARCHS, evaluate(ARCHS, THREE, predicted), THREE, 0.0)


MEASURED = result_of(TRAINED, evaluate(TRAINED, THREE, ABOUT), THREE, 0.0)
ASKED = AcquisitionRequest(SPACE, THREE, searched(), MEASURED, MODEL, TRAINED, n=6, seed=1)
ALL_ON_THE_FRONT = result_of(ARCHS, np.asarray([[1.0]] * 60), [THREE[0]], 0.0)


@pytest.mark.parametrize("name", ACQUISITIONS.names())
def test_every_acquisition_gives_distinct_new_architectures(name: str) -> None:
    acquire = ACQUISITIONS.get(name)
    picked = acquire(ASKED)
    assert 0 < len(picked) <= 6
    assert len(set(picked)) == len(picked)
    assert not set(picked) & set(TRAINED)
    assert picked == acquire(ASKED)
    assert acquire(replace(ASKED, trained=list(ARCHS))) == []


def test_the_front_is_asked_for_the_promising_and_the_uncertain() -> None:
    asked = replace(ASKED, result=ALL_ON_THE_FRONT)
    acquire = ACQUISITIONS.get("front")
    picked = acquire(asked)
    mean, std = MODEL.predict(SPACE.encode(ARCHS[10:]))
    assert picked[0] == ARCHS[10 + int(mean.argmax())]
    assert ARCHS[10 + int(std.argmax())] in picked
    assert len(picked) == 6
    assert len(acquire(replace(asked, n=100))) == 50


class Certain:
    """A surrogate that knows: the expected gain of hypervolume is then the gain."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Certain":
        return self

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = MODEL.predict(X)[0]
        return mean, np.zeros(len(mean))


def test_of_certain_predictions_the_one_that_adds_most_hypervolume_is_asked_for() -> None:
    model = Certain()
    asked = replace(ASKED, result=searched(model), model=model, n=1)
    losses = minimised(asked.result.values, THREE)
    known = minimised(MEASURED.values, THREE)
    both = np.concatenate([known, losses[asked.result.front]])
    both = both[front(both)]
    reference = both.max(axis=0) + 0.1 * np.ptp(both, axis=0)
    gains = [hypervolume(np.concatenate([known, row[None]]), reference) for row in losses[10:]]
    gains = np.asarray(gains) - hypervolume(known, reference)
    (picked,) = ACQUISITIONS.get("hypervolume")(asked)
    assert gains[list(ARCHS).index(picked) - 10] >= 0.97 * gains.max()  # the gain is averaged over random points


def test_uncertainty_is_worth_a_look() -> None:
    smallest = 10 + int(ASKED.result.values[10:, 1].argmin())

    class Split(Certain):
        """All but one are hopeless."""

        def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full(len(X), -1.0), np.where(np.arange(len(X)) == smallest - 10, 1.0, 1e-6)

    assert ACQUISITIONS.get("hypervolume")(replace(ASKED, model=Split(), n=1)) == [ARCHS[smallest]]


def test_without_accuracy_the_front_is_asked() -> None:
    costs = result_of(ARCHS, evaluate(ARCHS, THREE[1:], ABOUT), THREE[1:], 0.0)
    asked = replace(ASKED, result=costs, objectives=THREE[1:])
    assert ACQUISITIONS.get("hypervolume")(asked) == ACQUISITIONS.get("front")(asked)


def test_the_fallback_fills_the_space() -> None:
    about = context(small_space())
    first = space_filling(about.feasible, [], 6, seed=1)
    more = space_filling(about.feasible, first, 6, seed=1)
    assert len(set(first) | set(more)) == 12
    assert about.feasible(about.space.architectures(more)).all()
