"""Calibration against its definition, and temperatures that are known beforehand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.common.errors import AvatarError
from avatar.measure.calibration import RANGE, fit_temperature, probabilities
from avatar.metrics.calibration import BINS, expected_calibration_error


def by_definition(probability: np.ndarray, labels: np.ndarray) -> float:
    """The sum of Guo et al.'s equation 3, bin by bin."""
    confidence, predicted = probability.max(1), probability.argmax(1)
    total = 0.0
    for number in range(BINS):
        inside = (confidence > number / BINS) & (confidence <= (number + 1) / BINS)
        if inside.any():
            gap = abs((predicted[inside] == labels[inside]).mean() - confidence[inside].mean())
            total += inside.mean() * gap
    return total


@given(st.integers(0, 10**6), st.integers(1, 80))
def test_ece_equals_its_definition(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    probability = probabilities(random.normal(size=(count, 2)) * 3)
    labels = random.integers(0, 2, count)
    assert expected_calibration_error(probability, labels) == pytest.approx(by_definition(probability, labels))


def test_ece_at_its_ends() -> None:
    sure = np.tile([1.0, 0.0], (10, 1))
    assert expected_calibration_error(sure, np.zeros(10, dtype=np.int64)) == 0
    assert expected_calibration_error(sure, np.ones(10, dtype=np.int64)) == 1
    assert expected_calibration_error(np.full((4, 2), 0.5), np.array([0, 1, 0, 1])) == 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_logits_is_found(temperature: float) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(40_000, 2)) * 2
    labels = (random.random(40_000) < probabilities(logits)[:, 1]).astype(np.int64)
    fitted = fit_temperature(logits * temperature, labels)
    assert fitted == pytest.approx(temperature, rel=0.05)
    scaled = probabilities(logits * temperature, fitted)
    assert expected_calibration_error(scaled, labels) < 0.015
    assert (scaled.argmax(1) == logits.argmax(1)).all()


def test_data_that_decides_nothing_leaves_the_logits_alone() -> None:
    right = np.array([[3.0, -1.0], [-2.0, 2.0]])
    assert fit_temperature(right, np.array([0, 1])) == 1.0
    assert fit_temperature(np.zeros((5, 2)), np.zeros(5, dtype=np.int64)) == 1.0
    assert fit_temperature(np.empty((0, 2)), np.empty(0, dtype=np.int64)) == 1.0
    assert fit_temperature(right, np.array([1, 0])) == pytest.approx(RANGE[1], rel=0.01)


def test_a_diverged_model_is_refused() -> None:
    with pytest.raises(AvatarError, match="1 of 4 predictions are not finite"):
        fit_temperature(np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array([0, 1]))
    with pytest.raises(ValueError, match="0 predictions for 0 labels"):
        expected_calibration_error(np.empty((0, 2)), np.empty(0, dtype=np.int64))
