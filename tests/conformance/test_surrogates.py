"""The contract of every surrogate; a third-party one is added here by one class and one line."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.surrogate import validation
from avatar.surrogate.base import SURROGATES, Prediction


class NearestNeighbour:
    """As a third party would write it."""

    def __init__(self, seed: int) -> None:
        self.X, self.y = np.empty((0, 0)), np.empty(0)

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        self.X, self.y = X, y
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        distance = np.linalg.norm(X[:, None] - self.X[None], axis=-1)
        return self.y[distance.argmin(axis=1)], distance.min(axis=1)


@pytest.fixture(params=["third_party", *SURROGATES.names()])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "third_party":
        monkeypatch.setattr(SURROGATES, "_entries", dict(SURROGATES._entries))
        SURROGATES.register("third_party")(NearestNeighbour)
    return request.param


@pytest.fixture
def data() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    X = rng.random((24, 4))
    return X, np.clip(0.8 + 0.15 * X[:, 0] + 0.01 * rng.standard_normal(24), 0, 1)


def test_predictions_have_a_mean_in_range_and_a_spread(
    name: str, data: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> None:
    X, y = data
    model = SURROGATES.get(name)(1)
    assert model.fit(X, y) is model
    mean, std = model.predict(np.random.default_rng(1).random((7, 4)) * 3 - 1)
    assert mean.shape == std.shape == (7,)
    assert ((mean >= 0) & (mean <= 1)).all()
    assert ((std >= 0) & np.isfinite(std)).all()


def test_the_seed_decides(name: str, data: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    X, y = data
    first, second = (SURROGATES.get(name)(3).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_fitting_again_forgets(name: str, data: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    X, y = data
    again = SURROGATES.get(name)(3).fit(X, 1 - y).fit(X, y).predict(X)
    np.testing.assert_allclose(again, SURROGATES.get(name)(3).fit(X, y).predict(X), rtol=1e-6, atol=1e-9)


def test_inputs_are_left_alone(name: str, data: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    X, y = data
    before = X.copy(), y.copy()
    SURROGATES.get(name)(1).fit(X, y).predict(X)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("y", [[0.5, 0.9], [0.7, 0.7, 0.7], [0.0, 1.0, 1.0, 0.0]])
def test_few_equal_or_extreme_accuracies(name: str, y: list[float]) -> None:
    X = np.linspace(0, 1, len(y))[:, None]
    mean, std = SURROGATES.get(name)(1).fit(X, np.asarray(y)).predict(X)
    assert ((mean >= 0) & (mean <= 1) & np.isfinite(std)).all()


def test_everything_but_the_constant_learns_a_clear_trend(
    name: str, data: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> None:
    result = validation.cross_validate(name, *data, folds=4, repeats=1, seed=0)
    assert result.beats_constant is (name != "constant")
