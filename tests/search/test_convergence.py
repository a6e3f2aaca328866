"""Hypervolume over evaluations, and against the exact front."""

from dataclasses import replace

import numpy as np
import pytest

from avatar.search import convergence as module
from avatar.search.convergence import convergence, exact_front, scaled_hypervolume
from avatar.search.objectives import minimised
from avatar.search.pareto import front
from avatar.search.result import SEARCHERS
from avatar.space.enumerate import count
from spaces import THREE, context, small_space

CONTEXT = context(small_space())


def test_the_curve_rises_to_the_fronts_volume_and_not_above_the_exact_one() -> None:
    result = SEARCHERS.get("random")().search(CONTEXT, THREE, 300, 0, seed=1)
    exact = exact_front(CONTEXT, THREE)
    assert exact is not None
    assert exact.evaluated == count(CONTEXT.feasible)
    curve = convergence(result, THREE, exact)
    assert (np.diff(curve.evaluations) > 0).all()
    assert (np.diff(curve.hypervolumes) >= 0).all()
    assert (curve.evaluations[0], curve.evaluations[-1]) == (1, 300)
    box = minimised(exact.front_values, THREE)
    assert curve.hypervolumes[-1] == pytest.approx(scaled_hypervolume(minimised(result.values, THREE), box))
    assert curve.ratio is not None
    assert 0.3 < curve.ratio < 1
    tenth = minimised(result.values[: curve.evaluations[10]], THREE)
    assert curve.hypervolumes[10] == pytest.approx(scaled_hypervolume(tenth[front(tenth)], box))


def test_the_exhaustive_search_is_the_exact_front() -> None:
    exact = exact_front(CONTEXT, THREE)
    assert exact is not None
    curve = convergence(exact, THREE, exact)
    assert curve.ratio == pytest.approx(1.0)
    assert curve.evaluations.tolist() == [exact.evaluated]


def test_too_many_architectures_have_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENUMERATED", 10)
    assert exact_front(CONTEXT, THREE) is None
    result = SEARCHERS.get("random")().search(CONTEXT, THREE, 20, 0, seed=1)
    assert convergence(result, THREE).ratio is None


def test_a_constant_accuracy_has_a_curve_too() -> None:
    flat = replace(CONTEXT, predicted={"accuracy": lambda archs: np.full(len(archs), 0.9)})
    result = SEARCHERS.get("random")().search(flat, THREE, 20, 0, seed=1)
    ratio = convergence(result, THREE, exact_front(flat, THREE)).ratio
    assert ratio is not None
    assert 0 < ratio <= 1
