"""When a training counts as collapsed."""

import pytest

from avatar.data.lightning_training import SPREAD
from avatar.measure.collapse import CONSTANT, constant_answers, well_below


def history(*spreads: float) -> list[dict[str, float]]:
    return [{"epoch": float(number), SPREAD: spread} for number, spread in enumerate(spreads)]


def test_constant_answers_are_found_if_they_last_to_the_end() -> None:
    assert constant_answers(history(0.4, 0.3, 0.0, 1e-6)) == (
        "from epoch 3 of 4 on, it gave the same answer to every example of valid"
    )
    assert constant_answers(history(0.0, 0.0)).startswith("from epoch 1 of 2 on")
    assert constant_answers(history(0.4, 0.0)).startswith("from epoch 2 of 2 on")
    assert constant_answers(history(0.0, 0.4, 0.0, 0.0)).startswith("from epoch 3 of 4 on")


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_answers_that_are_not_finite_are_no_answers(broken: float) -> None:
    assert constant_answers(history(0.4, 0.3, broken)).startswith("from epoch 3 of 3 on")


def test_a_slow_start_is_no_collapse() -> None:
    assert constant_answers(history(0.0, 0.0, 0.02)) == ""
    assert constant_answers(history(CONSTANT)) == ""
    assert constant_answers([]) == ""


@pytest.mark.parametrize(("score", "brief", "caught"), [(0.577, 0.642, True), (0.62, 0.642, False), (0.7, 0.6, False)])
def test_a_full_training_well_below_the_short_one_is_found(score: float, brief: float, caught: bool) -> None:
    said = well_below(score, brief, 0.009, "accuracy")
    assert bool(said) == caught
    if caught:
        assert "accuracy 57.70 % on valid, below the 64.20 % of its short training" in said
    assert well_below(score, None, 0.009, "accuracy") == ""


def test_few_examples_prove_no_collapse() -> None:
    """With 50 vulnerable functions, F1 has a standard error of six points."""
    assert well_below(0.25, 0.40, 0.06, "f1") == ""
    assert well_below(0.20, 0.40, 0.06, "f1") != ""
