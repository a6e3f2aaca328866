"""The limit of the distance between clones is measured on the scanned code, in units of its standard deviations."""

import numpy as np
import pytest

from avatar.serve.scan.chance_neighbours import LEAST_FUNCTIONS, SHARE, NeighbourLimit

RANDOM = np.random.default_rng(1)


def test_few_functions_have_no_limit() -> None:
    vectors = RANDOM.normal(size=(LEAST_FUNCTIONS - 1, 4)).astype(np.float32)
    assert NeighbourLimit(vectors)(vectors[:50], vectors[50:100]).all()


def test_zero_means_no_limit() -> None:
    vectors = RANDOM.normal(size=(1_000, 4)).astype(np.float32)
    assert NeighbourLimit(vectors, neighbours=0)(vectors[:500], vectors[500:]).all()


@pytest.mark.parametrize("neighbours", [1.0, 10.0])
def test_a_quarter_of_the_functions_have_that_many_neighbours(neighbours: float) -> None:
    vectors = RANDOM.normal(size=(2_000, 6)).astype(np.float32)
    is_close = NeighbourLimit(vectors, neighbours)
    counts = [is_close(np.repeat(vectors[row : row + 1], len(vectors), 0), vectors).sum() - 1 for row in range(500)]
    assert np.mean(np.asarray(counts) >= neighbours) == pytest.approx(SHARE, abs=0.12)


def test_boilerplate_does_not_hide_the_rest() -> None:
    vectors = RANDOM.normal(size=(1_000, 16)).astype(np.float32)
    vectors[:60] = vectors[0] + 0.001 * RANDOM.normal(size=(60, 16))
    copy = vectors[500] + 0.05 * RANDOM.normal(size=16).astype(np.float32)
    assert NeighbourLimit(vectors)(vectors[500:501], copy[None]).all()


def test_scale_and_offset_of_a_component_do_not_matter() -> None:
    vectors = RANDOM.normal(size=(1_000, 5)).astype(np.float32)
    other = (vectors * np.array([1, 100, 0.01, 7, 3]) + np.array([5, -3, 0, 100, 1])).astype(np.float32)
    assert (
        NeighbourLimit(vectors, 20)(vectors[:500], vectors[500:]) == NeighbourLimit(other, 20)(other[:500], other[500:])
    ).all()


def test_constant_components_change_nothing() -> None:
    vectors = RANDOM.normal(size=(1_000, 5)).astype(np.float32)
    padded = np.concatenate([vectors, np.full((1_000, 3), 7, np.float32)], axis=1)
    is_close = NeighbourLimit(vectors, 20)(vectors[:500], vectors[500:])
    assert (is_close == NeighbourLimit(padded, 20)(padded[:500], padded[500:])).all()


def test_equal_functions_are_within_the_limit_if_all_are_equal() -> None:
    vectors = np.ones((1_000, 3), np.float32)
    assert NeighbourLimit(vectors)(vectors, vectors).all()
