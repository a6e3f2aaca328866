"""Which architectures are trained beside the winner, and which student is kept."""

import numpy as np
import pytest

from avatar.search.finalists import challengers, cheapest_as_good, costs
from avatar.search.objectives import OBJECTIVES
from avatar.search.result import SearchResult, result_of
from avatar.space.architecture import Architecture

THREE = [OBJECTIVES.get(name) for name in ("accuracy", "size", "flops")]


def pool(values: list[tuple[float, ...]], names: tuple[str, ...] = ("accuracy", "size", "flops")) -> SearchResult:
    archs = [Architecture(vocab_size=1000 + index) for index in range(len(values))]
    return result_of(archs, np.array(values), [OBJECTIVES.get(name) for name in names], 0.0)


POOL = pool([(0.98, 2.0, 2.0), (0.979, 1.0, 1.5), (0.976, 0.5, 0.5), (0.95, 0.1, 0.1), (0.90, 1.0, 1.5)])


def names(archs: tuple[Architecture, ...]) -> list[int]:
    return [arch.vocab_size - 1000 for arch in archs]


def test_costs_leave_accuracy_and_flips_out() -> None:
    objectives = [OBJECTIVES.get(name) for name in ("size", "accuracy", "flips", "latency")]
    values = pool([(1.0, 0.9, 0.2, 3.0), (2.0, 0.8, 0.1, 4.0)], ("size", "accuracy", "flips", "latency"))
    assert costs(values, objectives).tolist() == [[1.0, 3.0], [2.0, 4.0]]


def test_what_saves_most_within_tolerance_comes_first_then_the_most_accurate() -> None:
    winner = POOL.architectures[0]
    assert names(challengers(POOL, THREE, winner, 0.005, 5)) == [2, 1, 3]
    assert names(challengers(POOL, THREE, winner, 0.002, 2)) == [1, 2]
    assert names(challengers(POOL, THREE, winner, 0.0, 1)) == [1]
    assert names(challengers(POOL, THREE, winner, 0.1, 1)) == [3]


def test_a_higher_cost_in_one_objective_saves_nothing() -> None:
    values = pool([(0.98, 2.0, 2.0), (0.979, 2.1, 0.1), (0.975, 1.9, 1.9), (0.978, 2.0, 2.1)])
    assert names(challengers(values, THREE, values.architectures[0], 0.01, 2)) == [2, 1]
    assert names(challengers(POOL, THREE, POOL.architectures[2], 0.005, 2)) == [0, 1]


def test_a_single_architecture_has_no_challengers() -> None:
    alone = pool([(0.9, 1.0, 1.0)])
    assert challengers(alone, THREE, alone.architectures[0], 0.1, 3) == ()


def kept(scores: list[float], errors: list[float], cost: list[list[float]]) -> int:
    return cheapest_as_good(np.array(scores), np.array(errors), np.array(cost))


def test_what_saves_most_within_one_standard_error_is_kept() -> None:
    scores, cost = [0.98, 0.977, 0.975], [[2.0, 2.0], [1.0, 2.0], [0.5, 0.5]]
    assert kept(scores, [0, 0.004, 0.004], cost) == 1
    assert kept(scores, [0, 0.004, 0.006], cost) == 2
    assert kept(scores, [0, 0.002, 0.002], cost) == 0


def test_a_worse_one_that_costs_more_anywhere_is_not_kept() -> None:
    assert kept([0.98, 0.979], [0, 0.01], [[1.0, 1.0], [0.1, 1.1]]) == 0
    assert kept([0.98, 0.979], [0, 0.01], [[1.0, 1.0], [1.0, 1.0]]) == 0


def test_a_collapsed_winner_loses_whatever_it_saves() -> None:
    assert kept([0.5, 0.977], [0.004, 0], [[0.1], [2.0]]) == 1


def test_without_costs_the_best_is_kept() -> None:
    assert cheapest_as_good(np.array([0.97, 0.98]), np.array([0.5, 0.0]), np.empty((2, 0))) == 1


@pytest.mark.parametrize("scores", [[0.979, 0.978, 0.98], [0.978, 0.979, 0.98]])
def test_of_equally_cheap_ones_the_better_is_kept(scores: list[float]) -> None:
    assert kept(scores, [0.5, 0.5, 0], [[1.0], [1.0], [2.0]]) == int(np.argmax(scores[:2]))
