"""Successive halving: the cost of each rung, the promoted candidates, and the estimates for the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.config.schema import SurrogateConfig
from avatar.search.halving import Rung, final_scores, promoted, saved_share, schedule


def config(**changes: float) -> SurrogateConfig:
    return SurrogateConfig(**{"share": 0.2, "epochs": 4, "halving_factor": 2.0, **changes})  # type: ignore[arg-type]


def test_one_rung_is_the_whole_training() -> None:
    assert schedule(config()) == [Rung(0.2, 4)]


def test_epochs_are_cut_before_the_share() -> None:
    assert schedule(config(halving_rungs=4)) == [Rung(0.1, 1), Rung(0.2, 1), Rung(0.2, 2), Rung(0.2, 4)]


@given(st.integers(1, 5), st.integers(1, 20), st.floats(1.1, 5), st.floats(0.01, 1))
def test_each_rung_costs_the_factor_less_than_the_next(rungs: int, epochs: int, factor: float, share: float) -> None:
    made = schedule(SurrogateConfig(share=share, epochs=epochs, halving_rungs=rungs, halving_factor=factor))
    assert made[-1] == Rung(share, epochs)
    costs = [rung.share * rung.epochs for rung in made]
    np.testing.assert_allclose(np.divide(costs[1:], costs[:-1]), factor)
    assert all(0 < rung.share <= share * (1 + 1e-9) and rung.epochs >= 1 for rung in made)


def test_the_front_of_accuracy_and_size_goes_on_first() -> None:
    accuracies, sizes = [0.90, 0.95, 0.94, 0.80, 0.93], [1.0, 3.0, 3.1, 0.5, 2.9]
    assert promoted(accuracies, sizes, 0.8) == [0, 1, 3, 4]  # 2 is dominated by 1
    assert promoted(accuracies, sizes, 0.4) == [1, 4]
    assert promoted(accuracies, sizes, 0.01) == [1, 4]  # two at least
    assert promoted([0.5], [1.0], 0.5) == [0]
    assert promoted(accuracies, sizes, 1.0) == [0, 1, 2, 3, 4]


def test_measured_scores_are_kept_and_the_others_moved_in_their_order() -> None:
    ladders = [[0.80], [0.85, 0.88], [0.84, 0.88, 0.91], [0.86, 0.90, 0.92], [0.70]]
    final_result = final_scores(ladders, 3)
    assert final_result.measured.tolist() == [False, False, True, True, False]
    assert final_result.mean[2:4].tolist() == [0.91, 0.92]
    assert final_result.deviation[2:4].tolist() == [0.0, 0.0]
    assert 0.70 < final_result.mean[4] < final_result.mean[0] < 0.91
    assert final_result.mean[0] > 0.80
    assert final_result.mean[1] > 0.88
    assert 0 < final_result.deviation[1] < final_result.deviation[0]


def test_a_gain_that_all_share_is_found_exactly() -> None:
    low = np.linspace(-1, 2, 6)
    final = 1 / (1 + np.exp(-(low + 0.7)))
    ladders = [
        [1 / (1 + np.exp(-z)), *([score] if index > 2 else [])]
        for index, (z, score) in enumerate(zip(low, final, strict=True))
    ]
    final_result = final_scores(ladders, 2)
    np.testing.assert_allclose(final_result.mean, final)
    np.testing.assert_allclose(final_result.deviation, 0.0, atol=1e-9)


def test_without_rungs_every_score_is_as_it_is() -> None:
    final_result = final_scores([[0.0], [1.0], [0.5]], 1)
    assert final_result.mean.tolist() == [0.0, 1.0, 0.5]
    assert final_result.measured.all()


def test_the_saved_share() -> None:
    rungs = [Rung(0.1, 1), Rung(0.2, 1), Rung(0.2, 2)]  # 0.1, 0.2 and 0.4
    assert saved_share([3, 3], rungs) == pytest.approx(1 - 1.4 / 0.8)
    assert saved_share([1, 1, 2, 3], rungs) == pytest.approx(1 - (0.1 + 0.1 + 0.3 + 0.7) / 1.6)
    assert saved_share([1, 1], [Rung(0.2, 4)]) == 0.0
