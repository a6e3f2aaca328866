"""The calibrated head gives right probabilities at the natural rate, from pairs of another rate; the truth is known."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.bundle.pair_head import PairHead, languages_differ, length_ratios
from avatar.measure import pair_calibration
from avatar.measure.pair_calibration import (
    LabelledPairs,
    fit_pair_head,
    labelled_pairs,
    natural_calibration_error,
    natural_weights,
)
from avatar.metrics.vector_space import VectorSpace

RATE = 1e-3
CLONES, OTHERS = (0.75, 0.12), (0.2, 0.14)
"""Mean and standard deviation of the cosines."""


def world(seed: int, clones: int, others: int) -> tuple[LabelledPairs, NDArray[np.float64]]:
    """Pairs with known densities, and the true log-odds of each at the rate `RATE`.

    Clones have similar lengths and often the same language; other pairs have not.
    """
    random = np.random.default_rng(seed)
    is_clone = np.arange(clones + others) < clones
    mean, spread = (np.where(is_clone, *pair) for pair in zip(CLONES, OTHERS, strict=True))
    cosines = random.normal(mean, spread)
    ratios = random.exponential(np.where(is_clone, 0.3, 0.9))
    foreign = random.random(len(is_clone)) < np.where(is_clone, 0.3, 0.6)

    def log_density(of: tuple[float, float]) -> NDArray[np.float64]:
        return -(((cosines - of[0]) / of[1]) ** 2) / 2 - np.log(of[1])

    truth = np.log(RATE / (1 - RATE)) + log_density(CLONES) - log_density(OTHERS)
    truth += np.log(0.9 / 0.3) - ratios / 0.3 + ratios / 0.9
    truth += np.where(foreign, np.log(0.3 / 0.6), np.log(0.7 / 0.4))
    return LabelledPairs(cosines, ratios, foreign, is_clone, natural_weights(is_clone, RATE)), truth


@pytest.fixture(scope="module")
def held_out() -> tuple[LabelledPairs, NDArray[np.float64]]:
    return world(2, 40_000, 600_000)


@pytest.fixture(scope="module")
def head() -> PairHead:
    return fit_pair_head(world(1, 20_000, 200_000)[0], RATE)


def test_probabilities_are_right_at_the_natural_rate(
    head: PairHead, held_out: tuple[LabelledPairs, NDArray[np.float64]]
) -> None:
    pairs, log_odds = held_out
    answers, truth = pairs.probabilities(head), 1 / (1 + np.exp(-log_odds))
    assert (pairs.weights * answers).sum() == pytest.approx(RATE, rel=0.05)
    shown = truth > 0.05
    assert np.average(np.abs(answers - truth)[shown], weights=pairs.weights[shown]) < 0.05
    assert natural_calibration_error(answers, pairs.clones, pairs.weights) < 0.1 * RATE
    assert natural_calibration_error(answers, pairs.clones, pairs.weights, at_least=0.05) < 0.05


def test_without_importance_weights_probabilities_are_far_too_high(
    held_out: tuple[LabelledPairs, NDArray[np.float64]],
) -> None:
    pairs, _ = held_out
    fitted, _ = world(1, 20_000, 20_000)
    half = LabelledPairs(
        fitted.cosines, fitted.length_ratios, fitted.other_language, fitted.clones, natural_weights(fitted.clones, 0.5)
    )
    answers = pairs.probabilities(fit_pair_head(half, 0.5))
    assert natural_calibration_error(answers, pairs.clones, pairs.weights) > 10 * RATE
    assert natural_calibration_error(answers, pairs.clones, pairs.weights, at_least=0.05) > 0.3


def test_the_signs_of_the_facts_are_found(head: PairHead) -> None:
    assert head.length == pytest.approx(1 / 0.9 - 1 / 0.3, abs=0.3)
    assert head.other_language == pytest.approx(np.log(0.3 / 0.6) - np.log(0.7 / 0.4), abs=0.2)
    assert head.problems() == []


def test_a_higher_cosine_never_gives_a_lower_probability() -> None:
    random = np.random.default_rng(0)
    clones = np.arange(2000) < 1000
    pairs = LabelledPairs(  # the data says the opposite
        np.where(clones, -0.5, 0.5) + 0.1 * random.normal(size=2000),
        np.zeros(2000),
        np.zeros(2000, dtype=bool),
        clones,
        natural_weights(clones, 0.1),
    )
    head = fit_pair_head(pairs, 0.1)
    grid = np.linspace(-1, 1, 50)
    answers = head.probability(grid, np.zeros(50), np.zeros(50, dtype=bool))
    assert (np.diff(answers) >= 0).all()
    assert answers == pytest.approx([0.1] * 50, abs=0.01)
    assert (head.length, head.other_language) == (0, 0)


def test_the_calibration_error_equals_a_loop() -> None:
    random = np.random.default_rng(1)
    probabilities, clones = random.random(300) ** 4, random.random(300) < 0.2
    weights = random.random(300)
    for at_least in (0.0, 0.05):
        total = error = 0.0
        edges = [0.0, *pair_calibration.EDGES, 2.0]
        for low, high in itertools.pairwise(edges):
            rows = [i for i in range(300) if low <= probabilities[i] < high and probabilities[i] >= at_least]
            weight = sum(weights[i] for i in rows)
            if weight:
                mean = sum(weights[i] * probabilities[i] for i in rows) / weight
                share = sum(weights[i] * clones[i] for i in rows) / weight
                error += weight * abs(mean - share)
                total += weight
        actual = natural_calibration_error(probabilities, clones, weights, at_least)
        assert actual == pytest.approx(error / total)
        assert actual > 0.01
    assert natural_calibration_error(probabilities, clones, weights, at_least=1.1) == 0


def test_other_pairs_are_thinned_out_without_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 3)
    centres = random.normal(size=(60, 6))
    space = VectorSpace(
        (centres[groups] + 0.8 * random.normal(size=(180, 6))).astype(np.float32),
        groups,
        random.choice(["java", "c", ""], 180).tolist(),
    )
    lengths = random.integers(20, 900, 180)
    whole = labelled_pairs(space, lengths)
    monkeypatch.setattr(pair_calibration, "HARDEST", 500)
    monkeypatch.setattr(pair_calibration, "RANDOM", 4000)
    part = labelled_pairs(space, lengths)
    assert len(whole.clones) == 180 * 179 / 2
    assert len(part.clones) == 60 * 3 + 500 + 4000
    for pairs in (whole, part):
        assert pairs.weights.sum() == pytest.approx(1)
        assert pairs.weights[pairs.clones].sum() == pytest.approx(1e-4)
    means = [np.average(pairs.cosines, weights=pairs.weights) for pairs in (whole, part)]
    assert means[0] == pytest.approx(means[1], abs=0.02)
    assert sorted(part.cosines[~part.clones])[-500:] == pytest.approx(sorted(whole.cosines[~whole.clones])[-500:])


def test_facts_about_two_functions() -> None:
    assert length_ratios(np.array([10, 100, 0]), np.array([100, 10, 1])) == pytest.approx([np.log(10), np.log(10), 0])
    names = np.array(["java", "java", "", "c"]), np.array(["java", "c", "c", ""])
    assert languages_differ(*names).tolist() == [False, True, False, False]


def test_a_head_survives_json_and_refuses_wrong_values(head: PairHead) -> None:
    import json

    assert PairHead.from_dict(json.loads(json.dumps(head.as_dict()))) == head
    with pytest.raises(ValueError, match="not an object with"):
        PairHead.from_dict({"knots": []})
    with pytest.raises(ValueError, match="bias is None, not a finite number"):
        PairHead.from_dict({**head.as_dict(), "bias": None})
    wrong = PairHead((0.1,), (-1.0, 2.0), float("nan"), 0, 0, 2.0).problems()
    assert len(wrong) == 4


def test_pairs_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        natural_weights(np.ones(3, dtype=bool))
