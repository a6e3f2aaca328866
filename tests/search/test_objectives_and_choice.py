from dataclasses import replace

import numpy as np
import pytest

from avatar.common.errors import ConfigError
from avatar.config.schema import SearchConfig
from avatar.data.records import Task
from avatar.search.choose import choose
from avatar.search.objectives import OBJECTIVES, evaluate, minimised
from avatar.search.result import SEARCHERS, SearchResult, result_of
from avatar.search.run_search import objectives_of, run_search
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets
from avatar.space.cost import count_flops, weights_mb
from avatar.space.enumerate import enumerate_feasible
from avatar.space.sampling import sample_uniform
from spaces import THREE, context, small_space

TWO = THREE[:2]


def result(points: list[tuple[float, float]]) -> SearchResult:
    """Points of accuracy and size."""
    archs = [Architecture(vocab_size=1000 + index) for index in range(len(points))]
    return result_of(archs, np.asarray(points), TWO, 0.0)


def test_values_are_those_of_the_formulas() -> None:
    search_context = context(small_space())
    archs = sample_uniform(5, np.random.default_rng(0), search_context.feasible)
    values = evaluate(archs, THREE, search_context)
    np.testing.assert_allclose(values[:, 0], search_context.predicted["accuracy"](archs), atol=1e-9)
    np.testing.assert_allclose(values[:, 1], [weights_mb(arch, Task.PAIR) for arch in archs])
    np.testing.assert_allclose(values[:, 2], [count_flops(arch, Task.PAIR) / 1e9 for arch in archs])
    assert (minimised(values, THREE)[:, 0] == -values[:, 0]).all()


def test_latency_comes_from_the_model_or_is_an_error() -> None:
    search_context = context(small_space())
    archs = sample_uniform(3, np.random.default_rng(0), search_context.feasible)
    latency = [OBJECTIVES.get("latency")]
    with pytest.raises(ConfigError, match="latency model"):
        evaluate(archs, latency, search_context)
    timed = replace(search_context, latency=lambda archs: np.arange(float(len(archs))))
    assert evaluate(archs, latency, timed).tolist() == [[0.0], [1.0], [2.0]]


def test_flips_come_from_measured_candidates_or_are_an_error() -> None:
    search_context = context(small_space())
    archs = sample_uniform(3, np.random.default_rng(0), search_context.feasible)
    flips = [OBJECTIVES.get("flips")]
    with pytest.raises(ConfigError, match="'flips' needs candidates that were measured"):
        evaluate(archs, flips, search_context)
    known = replace(
        search_context, predicted={**search_context.predicted, "flips": lambda archs: np.linspace(0, 0.5, len(archs))}
    )
    values = evaluate(archs, flips, known)
    assert values.tolist() == [[0.0], [0.25], [0.5]]
    assert minimised(values, flips).tolist() == values.tolist()


def test_a_prediction_that_is_no_number_is_named() -> None:
    search_context = replace(context(small_space()), predicted={"accuracy": lambda archs: np.full(len(archs), np.nan)})
    with pytest.raises(ConfigError, match="'accuracy' is nan"):
        evaluate(sample_uniform(2, np.random.default_rng(0), search_context.feasible), THREE, search_context)


def test_unknown_objectives_and_weights_are_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'latency'"):
        objectives_of(SearchConfig(objectives=["latancy"]))
    with pytest.raises(ConfigError, match="weights names"):
        objectives_of(SearchConfig(objectives=["size"], weights={"accuracy": 1.0}))


def test_run_search_follows_the_config() -> None:
    config = SearchConfig(name="random", evaluations=12, objectives=["accuracy", "size"])
    searched = run_search(config, context(small_space()), seed=1)
    assert (len(searched.architectures), searched.objectives) == (12, ("accuracy", "size"))


FRONT = [(0.97, 2.9), (0.965, 1.0), (0.90, 0.9), (0.80, 0.2), (0.5, 1.0)]


def test_the_most_accurate_wins() -> None:
    choice = choose(result(FRONT), TWO, "accurate")
    assert (choice.index, choice.runners_up) == (0, (1, 2, 3))
    assert "Of 4 architectures" in choice.sentence
    assert "accuracy 0.97, size 2.9 MB" in choice.sentence


def test_of_equally_accurate_ones_the_cheapest_wins() -> None:
    three = result_of(
        [Architecture(vocab_size=1000 + index) for index in range(3)],
        np.array([[0.9, 2.0, 1.0], [0.9, 1.0, 2.0], [0.9, 1.1, 1.1]]),
        THREE,
        0.0,
    )
    assert choose(three, THREE, "accurate").index == 2


def test_the_knee_is_close_to_the_best_of_both() -> None:
    assert choose(result(FRONT), TWO, "knee").index == 1


def test_weights_decide_the_scalarised_winner() -> None:
    two = result(FRONT)
    assert choose(two, TWO, "scalarised", {"size": 0.0}).index == 0
    assert choose(two, TWO, "scalarised", {"accuracy": 0.0}).index == 3
    assert "Weights: accuracy 0, size 1" in choose(two, TWO, "scalarised", {"accuracy": 0.0}).sentence


def test_wrong_rules_and_empty_fronts_are_errors() -> None:
    with pytest.raises(ConfigError, match="did you mean 'knee'"):
        choose(result(FRONT), TWO, "kne")
    with pytest.raises(ConfigError, match="found no architecture"):
        choose(result_of([], np.empty((0, 2)), TWO, 0.0), TWO)
    sizes = result_of([Architecture()], np.ones((1, 1)), THREE[1:2], 0.0)
    with pytest.raises(ConfigError, match="needs accuracy"):
        choose(sizes, THREE[1:2], "accurate")


def test_a_front_of_one() -> None:
    choice = choose(result([(0.9, 1.0)]), TWO, "knee")
    assert (choice.index, choice.runners_up) == (0, ())


def test_compressors_rule_comes_close_to_the_most_flops() -> None:
    search_context = context(small_space(), Budgets(mb=0.4))
    searched = SEARCHERS.get("compressor")().search(search_context, THREE, 400, 20, seed=1)
    most = max(
        evaluate(archs, THREE[2:], search_context).max() for archs in enumerate_feasible(search_context.feasible)
    )
    assert searched.values[:, 2].max() >= 0.9 * most
