import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from avatar.common.errors import ConfigError
from avatar.config.schema import GeneConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.space.bounds import bounds
from avatar.space.budgets import Budgets, Feasible
from avatar.space.cost import count_flops, weights_mb
from avatar.space.enumerate import count, describe, enumerate_feasible
from avatar.space.repair import Repairer
from avatar.space.sampling import sample_adaptive, sample_uniform
from avatar.space.space import Architectures, SearchSpace
from spaces import SMALL, read_space, small_space

SPACE = small_space()
BUDGETS = [Budgets(mb=0.2), Budgets(gflops=0.004), Budgets(mb=0.3, gflops=0.01), Budgets()]


def brute_force(feasible: Feasible) -> set[tuple[int, ...]]:
    rows = np.asarray(list(itertools.product(*map(range, feasible.space.sizes))))
    archs = Architectures(feasible.space, rows)
    rows_within = set()
    for arch, row in zip(archs, rows.tolist(), strict=True):
        within = (feasible.budgets.mb is None or weights_mb(arch, feasible.task) <= feasible.budgets.mb) and (
            feasible.budgets.gflops is None or count_flops(arch, feasible.task) <= feasible.budgets.gflops * 1e9
        )
        legal = feasible.space.is_legal(arch)
        if within and legal and feasible.space.canonical(arch, feasible.task) == arch:
            rows_within.add(tuple(row))
    return rows_within


TINY = small_space(
    {
        **SMALL,
        "vocab_size": GeneConfig(choices=[1000, 1500, 4000]),
        "intermediate_size": GeneConfig(choices=[32, 64]),
        "embedding_size": GeneConfig(choices=[0, 16, 32]),
    }
)


@pytest.mark.parametrize("budgets", BUDGETS, ids=str)
def test_counting_and_listing_equal_brute_force(budgets: Budgets) -> None:
    feasible = Feasible(TINY, budgets, Task.PAIR)
    expected = brute_force(feasible)
    listed = np.concatenate([archs.indices for archs in enumerate_feasible(feasible)]).tolist()
    assert count(feasible) == len(listed) == len(expected)
    assert {tuple(row) for row in listed} == expected
    indices = [sorted(set(column)) for column in zip(*expected, strict=True)]
    for gene, seen in zip(TINY.genes, indices, strict=True):
        low, high = bounds(feasible)[gene.name]
        assert low <= gene.values[seen[0]] if gene.is_number else True
        assert high >= gene.values[seen[-1]] if gene.is_number else True


def test_bounds_are_exact_for_a_limit_in_megabytes() -> None:
    feasible = Feasible(SPACE, Budgets(mb=0.085), Task.PAIR)
    listed = np.concatenate([archs.indices for archs in enumerate_feasible(feasible)])
    for gene, column in zip(SPACE.genes, listed.T, strict=True):
        ends = (gene.values[column.min()].item(), gene.values[column.max()].item())
        assert bounds(feasible)[gene.name] == ends, gene.name
    assert bounds(feasible)["vocab_size"] == (1000, 1000)


def test_the_authors_constraint_space_is_counted_exactly() -> None:
    """Their Z3 step: heads from 1 to 12 and max_length as a gene, 267 million legal combinations."""
    genes = {
        "vocab_size": GeneConfig(low=1000, high=50_000, step=1000),
        "layers": GeneConfig(low=1, high=12),
        "hidden_size": GeneConfig(low=16, high=768, step=16),
        "heads": GeneConfig(low=1, high=12),
        "intermediate_size": GeneConfig(low=32, high=3072, step=32),
        "max_length": GeneConfig(low=256, high=512, step=16),
    }
    space = SearchSpace.from_config(SearchSpaceConfig("authors", genes))
    assert count(Feasible(space, Budgets(mb=3), Task.PAIR)) == 3_546_306


def test_a_space_describes_itself_with_an_exact_count_or_an_estimate() -> None:
    fast = Feasible(TINY, Budgets(mb=0.2, ms=0.1), Task.PAIR, latency=lambda archs: np.zeros(len(archs)))
    exact = describe(fast)
    assert exact.endswith("within 0.2 MB"), "a limit in milliseconds is not counted"
    assert exact.startswith(f"{count(Feasible(TINY, Budgets(mb=0.2), Task.PAIR)):,} of ")
    assert re.match(r"about \d.*estimated from", describe(Feasible(read_space("avatar"), Budgets(mb=3), Task.PAIR)))


def test_compressors_space_is_counted_exactly() -> None:
    feasible = Feasible(read_space("compressor"), Budgets(mb=3), Task.PAIR)
    assert count(feasible) == sum(len(archs) for archs in enumerate_feasible(feasible)) == 190_740


@pytest.mark.parametrize("budgets", BUDGETS[:3], ids=str)
@settings(max_examples=30, deadline=None)
@given(st.tuples(*(st.integers(0, size - 1) for size in SPACE.sizes)), st.integers(0, 5))
def test_repair_makes_everything_feasible(budgets: Budgets, row: tuple[int, ...], seed: int) -> None:
    feasible = Feasible(SPACE, budgets, Task.PAIR)
    repair = Repairer(feasible)
    repaired = repair(np.asarray(row), np.random.default_rng(seed))
    archs = Architectures(SPACE, repaired[None])
    assert feasible(archs)[0]
    given_arch = Architectures(SPACE, np.asarray(row)[None])
    if feasible(given_arch)[0]:
        assert archs[0] == given_arch[0]


def test_repair_shrinks_only_as_far_as_needed() -> None:
    feasible = Feasible(small_space({"vocab_size": GeneConfig(low=1000, high=50_000)}), Budgets(mb=3), Task.PAIR)
    largest = np.asarray([49_000])
    arch = Architectures(feasible.space, Repairer(feasible)(largest, np.random.default_rng(0))[None])[0]
    step = arch.token_width * 4 / 1e6
    assert 3 - step < weights_mb(arch, Task.PAIR) <= 3


@pytest.mark.parametrize("name", ["avatar", "compressor", "lean"])
@pytest.mark.parametrize("draw", [sample_uniform, sample_adaptive])
def test_samples_are_distinct_feasible_and_repeatable(name: str, draw: object) -> None:
    assert callable(draw)
    feasible = Feasible(read_space(name), Budgets(mb=3, gflops=3), Task.PAIR)
    archs = draw(30, np.random.default_rng(1), feasible)
    assert len(set(archs)) == 30
    assert feasible(archs).all()
    assert list(draw(30, np.random.default_rng(1), feasible)) == list(archs)
    assert list(draw(30, np.random.default_rng(2), feasible)) != list(archs)


def test_uniform_samples_are_uniform() -> None:
    feasible = Feasible(TINY, Budgets(mb=0.2), Task.PAIR)
    everything = sorted(brute_force(feasible))
    rng = np.random.default_rng(0)
    counts = dict.fromkeys(everything, 0)
    for _ in range(200):
        for row in sample_uniform(10, rng, feasible).indices.tolist():
            counts[tuple(row)] += 1
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_a_rarely_feasible_space_still_gives_samples() -> None:
    feasible = Feasible(read_space("avatar"), Budgets(mb=0.08), Task.PAIR)
    archs = sample_uniform(20, np.random.default_rng(0), feasible)
    assert len(set(archs)) == 20
    assert feasible(archs).all()


def test_fewer_are_given_where_there_are_fewer() -> None:
    feasible = Feasible(TINY, Budgets(mb=0.075), Task.PAIR)
    total = count(feasible)
    assert 0 < total < 1000
    assert len(sample_uniform(1000, np.random.default_rng(0), feasible)) == total


def test_adaptive_samples_are_farther_apart_than_uniform_ones() -> None:
    feasible = Feasible(read_space("lean"), Budgets(mb=3), Task.PAIR)

    def nearest(archs: Architectures) -> float:
        encoded = feasible.space.encode(archs)
        distances = np.linalg.norm(encoded[:, None] - encoded[None], axis=-1)
        return float(distances[np.triu_indices(len(archs), 1)].min())

    draws = [
        (
            nearest(sample_adaptive(8, np.random.default_rng(seed), feasible)),
            nearest(sample_uniform(8, np.random.default_rng(seed), feasible)),
        )
        for seed in range(5)
    ]
    assert all(adaptive > uniform for adaptive, uniform in draws)


def test_adaptive_samples_avoid_what_exists() -> None:
    feasible = Feasible(TINY, Budgets(mb=0.1), Task.PAIR)
    first = sample_adaptive(5, np.random.default_rng(0), feasible)
    second = sample_adaptive(5, np.random.default_rng(0), feasible, existing=list(first))
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("budgets", "key"),
    [(Budgets(mb=0.01), "search.budget_mb"), (Budgets(mb=3, gflops=1e-6), "search.budget_gflops")],
)
def test_an_impossible_budget_names_the_constraint_and_the_nearest(budgets: Budgets, key: str) -> None:
    space = read_space("compressor")
    with pytest.raises(ConfigError, match=key) as caught:
        Feasible(space, budgets, Task.PAIR).check()
    nearest = float(caught.value.hint.split(f"{key}=")[1].split()[0])
    raised = Budgets(mb=nearest) if key.endswith("mb") else Budgets(gflops=nearest)
    Feasible(space, raised, Task.PAIR).check()
    assert count(Feasible(space, raised, Task.PAIR)) > 0


def test_budgets_that_only_clash_together() -> None:
    space = small_space({"embedding_size": GeneConfig(choices=[0, 1])}, hidden_size=64, layers=0, vocab_size=5000)
    sizes = [weights_mb(arch, Task.PAIR) for arch in Architectures(space, np.asarray([[0], [1]]))]
    budgets = Budgets(mb=(sizes[0] + sizes[1]) / 2, gflops=3e-5)
    for alone in (Budgets(mb=budgets.mb), Budgets(gflops=budgets.gflops)):
        Feasible(space, alone, Task.PAIR).check()
    with pytest.raises(ConfigError, match="not all together") as caught:
        Feasible(space, budgets, Task.PAIR).check()
    assert "search.budget_gflops" in caught.value.hint


def test_a_budget_in_milliseconds() -> None:
    space = read_space("lean")

    def latency(archs: object) -> np.ndarray:
        return np.asarray([0.1 * arch.layers + arch.hidden_size / 1000 for arch in archs])  # type: ignore[attr-defined]

    with pytest.raises(ConfigError, match="latency model"):
        Feasible(space, Budgets(ms=1), Task.PAIR)
    with pytest.raises(ConfigError, match=r"search.budget_ms=0.001 ms.*0.032"):
        Feasible(space, Budgets(ms=0.001), Task.PAIR, latency).check()
    feasible = Feasible(space, Budgets(mb=3, ms=0.15), Task.PAIR, latency)
    feasible.check()
    archs = sample_uniform(50, np.random.default_rng(0), feasible)
    assert (latency(archs) <= 0.15).all()
    row = np.asarray([size - 1 for size in space.sizes])
    assert feasible(Architectures(space, Repairer(feasible)(row, np.random.default_rng(0))[None]))[0]
