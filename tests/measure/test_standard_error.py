"""Standard errors where examples share functions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.measure.metrics import classification
from avatar.measure.standard_error import influences, standard_error


def given_answers(right: NDArray[np.bool_], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(right, labels, 1 - labels)


def test_influence_on_accuracy_is_being_right() -> None:
    labels, answers = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])
    assert influences(answers, labels) == pytest.approx([0.25, -0.75, 0.25, 0.25])


@pytest.mark.parametrize("metric", ["accuracy", "f1", "mcc"])
def test_influence_is_what_the_score_loses_without_the_example(metric: str) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(2, size=50)
    answers = given_answers(random.random(50) < 0.8, labels)

    def score(rows: NDArray[np.bool_]) -> float:
        return float(getattr(classification(labels[rows], answers[rows]), metric))

    everyone = np.ones(50, dtype=bool)
    lost = [49 * (score(everyone) - score(np.arange(50) != row)) for row in range(50)]
    assert influences(answers, labels, metric) == pytest.approx(lost)


def test_single_functions_have_the_binomial_error() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(2, size=2000)
    answers = given_answers(random.random(2000) < 0.9, labels)
    share = (answers == labels).mean()
    result = standard_error(influences(answers, labels), np.arange(2000)[:, None])
    assert result == pytest.approx(np.sqrt(share * (1 - share) / 2000))


def by_hand(influence: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """The sum over all pairs of examples that share a function, one by one."""
    centred = influence - influence.mean()
    total = sum(
        one * other
        for one, first in zip(centred, members, strict=True)
        for other, second in zip(centred, members, strict=True)
        if set(first.tolist()) & set(second.tolist())
    )
    return float(np.sqrt(total) / len(influence))


def test_it_is_the_sum_over_examples_that_share_a_function() -> None:
    random = np.random.default_rng(4)
    members = random.integers(12, size=(80, 2))  # with pairs of a function and itself, repeated and reversed ones
    bad = random.random(12) < 0.3
    influence = -1.0 * bad[members].any(axis=1)
    assert (members[:, 0] == members[:, 1]).any()
    assert standard_error(influence, members) == pytest.approx(by_hand(influence, members))
    assert standard_error(influence, members[:, ::-1]) == pytest.approx(by_hand(influence, members))


def spread(functions: int, pairs: int, effect: bool) -> tuple[float, float]:
    """The deviation of the accuracy over many simulated sets, and the median of their standard errors."""
    random = np.random.default_rng(5)
    shares, errors = [], []
    for _ in range(400):
        members = random.integers(functions, size=(pairs, 2))
        members[:, 1] = (members[:, 0] + 1 + random.integers(functions - 1, size=pairs)) % functions
        bad = random.random(functions) < 0.1
        wrong = bad[members].any(axis=1) if effect else random.random(pairs) < 0.2
        shares.append(1 - wrong.mean())
        errors.append(standard_error(-1.0 * wrong, members))
    return float(np.std(shares)), float(np.median(errors))


@pytest.mark.parametrize(("functions", "pairs", "effect"), [(2000, 400, False), (60, 400, False), (100, 1000, True)])
def test_it_is_the_deviation_over_simulated_sets(functions: int, pairs: int, effect: bool) -> None:
    true, estimated = spread(functions, pairs, effect)
    assert estimated == pytest.approx(true, rel=0.15)


def test_pairs_that_share_functions_are_worth_fewer_examples() -> None:
    random = np.random.default_rng(2)
    members = random.integers(60, size=(3000, 2))
    wrong = (random.random(60) < 0.1)[members].any(axis=1)
    assert standard_error(-1.0 * wrong, members) > 4 * wrong.std() / np.sqrt(3000)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 answers for 3 labels"):
        influences(np.array([1, 0]), np.array([1, 1, 0]))
