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

CONTEXT = context(small_space())
SPACE = CONTEXT.space
ARCHS = sample_uniform(60, np.random.default_rng(0), CONTEXT.feasible)
TRAINED = list(ARCHS[:10])
MODEL = GaussianProcess(1).fit(SPACE.encode(TRAINED), CONTEXT.predicted["accuracy"](TRAINED))


def searched(model: Surrogate = MODEL) -> SearchResult:
    predicted = replace(CONTEXT, predicted={"accuracy": lambda archs: model.predict(SPACE.encode(archs))[0]})
    return result_of(ARCHS, evaluate(ARCHS, THREE, predicted), THREE, 0.0)


MEASURED = result_of(TRAINED, evaluate(TRAINED, THREE, CONTEXT), THREE, 0.0)
REQUEST = AcquisitionRequest(SPACE, THREE, searched(), MEASURED, MODEL, TRAINED, n=6, seed=1)
ALL_ON_THE_FRONT = result_of(ARCHS, np.asarray([[1.0]] * 60), [THREE[0]], 0.0)


@pytest.mark.parametrize("name", ACQUISITIONS.names())
def test_every_acquisition_gives_distinct_new_architectures(name: str) -> None:
    acquire = ACQUISITIONS.get(name)
    picked = acquire(REQUEST)
    assert 0 < len(picked) <= 6
    assert len(set(picked)) == len(picked)
    assert not set(picked) & set(TRAINED)
    assert picked == acquire(REQUEST)
    assert acquire(replace(REQUEST, trained=list(ARCHS))) == []


def test_the_front_gives_the_promising_and_the_uncertain() -> None:
    request = replace(REQUEST, result=ALL_ON_THE_FRONT)
    acquire = ACQUISITIONS.get("front")
    picked = acquire(request)
    mean, std = MODEL.predict(SPACE.encode(ARCHS[10:]))
    assert picked[0] == ARCHS[10 + int(mean.argmax())]
    assert ARCHS[10 + int(std.argmax())] in picked
    assert len(picked) == 6
    assert len(acquire(replace(request, n=100))) == 50


class Certain:
    """A surrogate without uncertainty: the expected gain of hypervolume is the gain."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Certain":
        return self

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = MODEL.predict(X)[0]
        return mean, np.zeros(len(mean))


def test_with_certain_predictions_the_largest_gain_of_hypervolume_comes_first() -> None:
    model = Certain()
    request = replace(REQUEST, result=searched(model), model=model, n=1)
    losses = minimised(request.result.values, THREE)
    known = minimised(MEASURED.values, THREE)
    both = np.concatenate([known, losses[request.result.front]])
    both = both[front(both)]
    reference = both.max(axis=0) + 0.1 * np.ptp(both, axis=0)
    gains = [hypervolume(np.concatenate([known, row[None]]), reference) for row in losses[10:]]
    gains = np.asarray(gains) - hypervolume(known, reference)
    (picked,) = ACQUISITIONS.get("hypervolume")(request)
    assert gains[list(ARCHS).index(picked) - 10] >= 0.97 * gains.max()  # the gain is averaged over random points


def test_an_uncertain_architecture_is_proposed() -> None:
    smallest = 10 + int(REQUEST.result.values[10:, 1].argmin())

    class Split(Certain):
        """All but one are certain to be bad."""

        def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full(len(X), -1.0), np.where(np.arange(len(X)) == smallest - 10, 1.0, 1e-6)

    assert ACQUISITIONS.get("hypervolume")(replace(REQUEST, model=Split(), n=1)) == [ARCHS[smallest]]


def test_without_accuracy_the_front_is_used() -> None:
    costs = result_of(ARCHS, evaluate(ARCHS, THREE[1:], CONTEXT), THREE[1:], 0.0)
    request = replace(REQUEST, result=costs, objectives=THREE[1:])
    assert ACQUISITIONS.get("hypervolume")(request) == ACQUISITIONS.get("front")(request)


def test_the_fallback_fills_the_space() -> None:
    searched_context = context(small_space())
    first = space_filling(searched_context.feasible, [], 6, seed=1)
    more = space_filling(searched_context.feasible, first, 6, seed=1)
    assert len(set(first) | set(more)) == 12
    assert searched_context.feasible(searched_context.space.architectures(more)).all()
