"""Which architectures challenge the winner, and which of the students is kept."""

import numpy as np
import pytest

from avatar.search.finalists import challengers, cheapest_as_good, costs
from avatar.search.objectives import OBJECTIVES
from avatar.search.result import SearchResult, result_of
from avatar.space.architecture import Architecture

OBJECTIVES_OF = [OBJECTIVES.get(name) for name in ("accuracy", "size", "flops")]


def pool(values: list[tuple[float, float, float]]) -> SearchResult:
    archs = [Architecture(vocab_size=1000 + place) for place in range(len(values))]
    return result_of(archs, np.array(values), OBJECTIVES_OF, 0.0)


POOL = pool([(0.98, 2.0, 2.0), (0.979, 1.0, 1.5), (0.976, 0.5, 0.5), (0.95, 0.1, 0.1), (0.90, 1.0, 1.5)])


def names(found: tuple[Architecture, ...]) -> list[int]:
    return [arch.vocab_size - 1000 for arch in found]


def test_costs_leave_accuracy_out() -> None:
    assert costs(POOL, OBJECTIVES_OF) == pytest.approx([2, 0.9 / 1.9 + 1.4 / 1.9, 0.4 / 1.9 * 2, 0, 2.3 / 1.9])


def test_the_cheapest_within_tolerance_comes_first_then_the_most_accurate() -> None:
    winner = POOL.architectures[0]
    assert names(challengers(POOL, OBJECTIVES_OF, winner, 0.005, 5)) == [2, 1, 3]
    assert names(challengers(POOL, OBJECTIVES_OF, winner, 0.002, 2)) == [1, 2]
    assert names(challengers(POOL, OBJECTIVES_OF, winner, 0.0, 1)) == [1]
    assert names(challengers(POOL, OBJECTIVES_OF, winner, 0.1, 1)) == [3]


def test_a_dearer_one_is_no_cheaper_challenger() -> None:
    assert names(challengers(POOL, OBJECTIVES_OF, POOL.architectures[2], 0.005, 2)) == [0, 1]


def test_who_is_alone_has_no_challengers() -> None:
    alone = pool([(0.9, 1.0, 1.0)])
    assert challengers(alone, OBJECTIVES_OF, alone.architectures[0], 0.1, 3) == ()


def draws(*spreads: float) -> np.ndarray:
    """Draws whose differences to the first column have these standard deviations."""
    wave = np.array([-1.0, 1.0] * 50) / np.std([-1.0, 1.0] * 50, ddof=1)
    return np.stack([0 * wave, *(spread * wave for spread in spreads)], axis=1)


def test_the_cheapest_within_one_standard_error_of_the_difference_is_kept() -> None:
    scores, dear = np.array([0.98, 0.977, 0.975]), np.array([2.0, 1.0, 0.5])
    kept, errors = cheapest_as_good(scores, draws(0.004, 0.004), dear)
    assert (kept, errors.round(6).tolist()) == (1, [0, 0.004, 0.004])
    assert cheapest_as_good(scores, draws(0.004, 0.006), dear)[0] == 2
    assert cheapest_as_good(scores, draws(0.002, 0.002), dear)[0] == 0


def test_a_collapsed_winner_loses() -> None:
    assert cheapest_as_good(np.array([0.5, 0.977]), np.zeros((10, 2)), np.array([0.1, 2.0]))[0] == 1


def test_of_equally_cheap_ones_the_better_is_kept() -> None:
    assert cheapest_as_good(np.array([0.97, 0.98]), draws(0.5), np.array([1.0, 1.0]))[0] == 1
