import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar.search import pareto
from avatar.search.pareto import crowding, front, hypervolume, ranks


def brute_force(points: NDArray[np.float64]) -> list[int]:
    at_most = (points[:, None] <= points).all(-1)
    better = (points[:, None] < points).any(-1)
    return np.flatnonzero(~(at_most & better).any(0)).tolist()


@st.composite
def clouds(draw: st.DrawFn) -> NDArray[np.float64]:
    """Points on a coarse grid, so that ties and duplicates are common."""
    columns = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(st.integers(0, 4), min_size=columns, max_size=columns), min_size=1, max_size=25))
    return np.asarray(rows, dtype=np.float64)


@given(clouds())
def test_front_equals_brute_force(points: NDArray[np.float64]) -> None:
    assert front(points).tolist() == brute_force(points)


def test_front_through_blocks_equals_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).integers(0, 12, (400, 3)).astype(float)
    monkeypatch.setattr(pareto, "BLOCK", 37)
    assert front(points).tolist() == brute_force(points)


def test_front_of_many_real_numbers() -> None:
    points = np.random.default_rng(0).random((1500, 3))
    assert front(points).tolist() == brute_force(points)
    assert front(np.empty((0, 3))).tolist() == []


@given(clouds())
def test_ranks_peel_fronts(points: NDArray[np.float64]) -> None:
    rank = ranks(points)
    assert np.flatnonzero(rank == 0).tolist() == brute_force(points)
    for level in range(1, int(rank.max()) + 1):
        left = rank >= level
        assert (rank[left][brute_force(points[left])] == level).all()


def volume_by_cells(points: NDArray[np.float64], reference: int) -> float:
    """Unit cells of the grid that some point dominates."""
    axes = [np.arange(reference)] * points.shape[1]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, points.shape[1])
    return float((points[:, None] <= cells[None]).all(-1).any(0).sum())


@settings(deadline=None)
@given(clouds())
def test_hypervolume_counts_dominated_cells(points: NDArray[np.float64]) -> None:
    assert hypervolume(points, np.full(points.shape[1], 4.0)) == pytest.approx(volume_by_cells(points, 4))


@pytest.mark.parametrize("dimensions", [2, 3, 4, 5])
def test_hypervolume_agrees_with_optuna(dimensions: int) -> None:
    reference_implementation = pytest.importorskip("optuna._hypervolume").compute_hypervolume
    points = np.random.default_rng(dimensions).random((40, dimensions))
    reference = np.ones(dimensions)
    assert hypervolume(points, reference) == pytest.approx(reference_implementation(points, reference))


def test_points_beyond_the_reference_add_nothing() -> None:
    assert hypervolume(np.array([[2.0, 0.0], [0.0, 1.0]]), np.ones(2)) == 0.0
    assert hypervolume(np.array([[0.5, 0.5], [2.0, 0.0]]), np.ones(2)) == 0.25


def test_crowding_favours_the_ends_and_the_lonely() -> None:
    points = np.array([[0.0, 4.0], [1.0, 3.0], [1.1, 2.9], [4.0, 0.0]])
    distance = crowding(points)
    assert np.isinf(distance[[0, 3]]).all()
    assert distance[2] > distance[1] > 0
