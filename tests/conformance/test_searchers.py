"""The contract of every searcher; a third-party one is added here by one class and one line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import ConfigError
from avatar.config.schema import GeneConfig
from avatar.search.objectives import Objective, SearchContext, evaluate, minimised
from avatar.search.pareto import front
from avatar.search.result import SEARCHERS, Progress, SearchResult, result_of
from avatar.space.budgets import Budgets
from avatar.space.enumerate import count, enumerate_feasible
from spaces import THREE, context, small_space


class FirstOnes:
    """As a third party would write it: the first architectures in the order of enumeration."""

    def search(
        self,
        context: SearchContext,
        objectives: Sequence[type[Objective]],
        evaluations: int,
        population: int,
        seed: int,
        storage: Path | None = None,
        progress: Progress | None = None,
    ) -> SearchResult:
        context.feasible.check()
        archs = next(iter(enumerate_feasible(context.feasible)))[:evaluations]
        if progress is not None:
            progress(len(archs), evaluations)
        return result_of(archs, evaluate(archs, objectives, context), objectives, 0.0)


@pytest.fixture(params=["third_party", *SEARCHERS.names()])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "third_party":
        monkeypatch.setattr(SEARCHERS, "_entries", dict(SEARCHERS._entries))
        SEARCHERS.register("third_party")(FirstOnes)
    return str(request.param)


@pytest.fixture(scope="module")
def about() -> SearchContext:
    return context(small_space())


def run(name: str, about: SearchContext, **changed: object) -> SearchResult:
    settings = {"evaluations": 80, "population": 10, "seed": 1, **changed}
    return SEARCHERS.get(name)().search(about, THREE, **settings)  # type: ignore[arg-type]


def test_all_results_are_feasible_distinct_and_have_the_right_values(name: str, about: SearchContext) -> None:
    result = run(name, about)
    archs = result.architectures
    assert 0 < len(archs) <= (80 if name != "exhaustive" else count(about.feasible))
    assert len(set(archs)) == len(archs)
    assert about.feasible(about.space.architectures(archs)).all()
    np.testing.assert_array_equal(result.values, evaluate(archs, THREE, about))
    np.testing.assert_array_equal(result.front, front(minimised(result.values, THREE)))
    assert result.objectives == ("accuracy", "size", "flops")
    assert result.evaluated >= len(archs)


def test_same_seed_same_architectures_in_the_same_order(name: str, about: SearchContext) -> None:
    first, second = run(name, about), run(name, about)
    assert first.architectures == second.architectures


def test_a_stored_search_gives_the_same(name: str, about: SearchContext, tmp_path: Path) -> None:
    expected = run(name, about).architectures
    assert run(name, about, storage=tmp_path / "search.log").architectures == expected
    assert run(name, about, storage=tmp_path / "search.log").architectures == expected


def test_progress_ends_at_the_number_of_evaluations(name: str, about: SearchContext) -> None:
    calls: list[int] = []
    result = run(name, about, progress=lambda done, total: calls.append(done))
    assert calls == sorted(calls)
    assert calls[-1] == result.evaluated


def test_an_impossible_budget_is_a_config_error(name: str, about: SearchContext) -> None:
    with pytest.raises(ConfigError, match="budget_mb"):
        run(name, context(about.space, Budgets(mb=0.001)))


def test_a_space_of_one_architecture(name: str) -> None:
    only = context(small_space({"layers": GeneConfig(choices=[1])}, hidden_size=32, heads=4), Budgets())
    assert [arch.layers for arch in run(name, only).architectures] == [1]


def test_a_space_smaller_than_the_evaluations_works(name: str, about: SearchContext) -> None:
    tight = context(about.space, Budgets(mb=0.069))
    total = count(tight.feasible)
    assert 0 < total < 80
    result = run(name, tight)
    assert 0 < len(result.architectures) <= total
