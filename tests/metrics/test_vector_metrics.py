"""The metrics of vectors against loops over all functions and all pairs, written from their definitions."""

import itertools

import numpy as np
import pytest

from avatar.data.records import Task
from avatar.metrics import METRICS, VECTOR_METRICS, judging_metrics, shown_metric
from avatar.metrics.nearest_clones import precision_at_r, reciprocal_rank, rows_of
from avatar.metrics.pairs_of_vectors import natural_precision
from avatar.metrics.ranking import auc, recall_at
from avatar.metrics.vector_space import VectorSpace


def space(seed: int, functions: int = 60, groups: int = 14, noise: float = 1.5) -> VectorSpace:
    random = np.random.default_rng(seed)
    labels = random.integers(groups, size=functions)
    centres = random.normal(size=(groups, 8))
    vectors = 3 * (centres[labels] + noise * random.normal(size=(functions, 8)))
    return VectorSpace(vectors.astype(np.float32), labels, random.choice(["java", "python", ""], functions).tolist())


def cosine(one: VectorSpace, first: int, second: int) -> float:
    a, b = (one.vectors[row].astype(np.float64) for row in (first, second))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def ranking(one: VectorSpace, query: int, candidates: list[int]) -> list[bool]:
    """Whether each candidate is a clone, the nearest first."""
    others = sorted((row for row in candidates if row != query), key=lambda row: -cosine(one, query, row))
    return [bool(one.groups[row] == one.groups[query]) for row in others]


def slow_map(one: VectorSpace, queries: list[int], candidates: list[int]) -> list[float]:
    values = []
    for query in queries:
        clones = ranking(one, query, candidates)
        relevant = sum(clones)
        total = 0.0
        for place in range(1, relevant + 1):
            if clones[place - 1]:
                total += sum(clones[:place]) / place
        values.append(total / relevant if relevant else float("nan"))
    return values


def slow_mrr(one: VectorSpace, queries: list[int], candidates: list[int]) -> list[float]:
    values = []
    for query in queries:
        clones = ranking(one, query, candidates)
        values.append(1 / (1 + clones.index(True)) if any(clones) else float("nan"))
    return values


@pytest.mark.parametrize("seed", range(4))
def test_map_and_mrr_equal_those_of_a_loop(seed: int) -> None:
    one = space(seed)
    everything = list(range(60))
    expected_map, expected_mrr = slow_map(one, everything, everything), slow_mrr(one, everything, everything)
    assert 0.05 < np.nanmean(expected_map) < 0.9, "too easy or too hard: the comparison would prove nothing"
    rows = np.arange(60)
    assert precision_at_r(one, rows, rows) == pytest.approx(expected_map, nan_ok=True)
    assert reciprocal_rank(one, rows, rows) == pytest.approx(expected_mrr, nan_ok=True)
    assert VECTOR_METRICS.get("map_at_r").score(one) == pytest.approx(np.nanmean(expected_map))
    assert VECTOR_METRICS.get("mrr").score(one) == pytest.approx(np.nanmean(expected_mrr))


@pytest.mark.parametrize("seed", range(3))
def test_they_are_computed_within_and_between_languages(seed: int) -> None:
    one = space(seed, functions=600)  # more than are compared at once
    java, python = (rows_of(one, name) for name in ("java", "python"))
    assert reciprocal_rank(one, java, python) == pytest.approx(
        slow_mrr(one, java.tolist(), python.tolist()), nan_ok=True
    )
    within = np.full(600, np.nan)
    for name in ("java", "python", ""):
        rows = rows_of(one, name)
        within[rows] = slow_map(one, rows.tolist(), rows.tolist())
    of_each = VECTOR_METRICS.get("map_at_r_within").of_each
    assert of_each is not None
    assert of_each(one) == pytest.approx(within, nan_ok=True)


def test_a_student_with_one_vector_for_everything_finds_nothing() -> None:
    groups = np.repeat(np.arange(5), 4)  # sorted by group, so that the order of the rows would be the right answer
    one = VectorSpace(np.ones((20, 3), dtype=np.float32), groups)
    assert VECTOR_METRICS.get("map_at_r").score(one) == 0
    assert VECTOR_METRICS.get("mrr").score(one) == pytest.approx(1 / 17)
    assert VECTOR_METRICS.get("auc").score(one) == 0.5
    assert VECTOR_METRICS.get("recall_at_fpr").score(one) == 0
    assert VECTOR_METRICS.get("map_at_r").score(VectorSpace(np.eye(3, dtype=np.float32), np.arange(3))) == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_metrics_of_pairs_equal_those_of_a_loop(seed: int) -> None:
    one = space(seed)
    pairs = list(itertools.combinations(range(60), 2))
    kinds: dict[bool, list[float]] = {True: [], False: []}
    for first, second in pairs:
        kinds[bool(one.groups[first] == one.groups[second])].append(cosine(one, first, second))
    clones, others = kinds[True], kinds[False]
    assert sorted(one.pairs.clones.tolist()) == pytest.approx(sorted(clones), abs=1e-6)
    assert sorted(one.pairs.others.tolist()) == pytest.approx(sorted(others), abs=1e-6)
    wins = sum((high > low) + 0.5 * (high == low) for high in clones for low in others)
    assert auc(np.array(clones), np.array(others)) == pytest.approx(wins / len(clones) / len(others))
    assert VECTOR_METRICS.get("auc").score(one) == pytest.approx(wins / len(clones) / len(others), abs=1e-5)
    for share in (0.0, 0.001, 0.01, 0.3, 1.0):
        thresholds = [-2.0, *clones, *others]
        reached = [
            sum(value > threshold for value in clones) / len(clones)
            for threshold in thresholds
            if sum(value > threshold for value in others) <= share * len(others)
        ]
        assert recall_at(np.array(clones), np.array(others), share) == pytest.approx(max(reached))
    for rate, found in itertools.product((0.3, 1e-4), (0.2, 0.5, 1.0)):
        chosen = max(t for t in clones if sum(value >= t for value in clones) >= found * len(clones))
        right = rate * sum(value >= chosen for value in clones) / len(clones)
        wrong = (1 - rate) * sum(value >= chosen for value in others) / len(others)
        assert natural_precision(np.array(clones), np.array(others), rate, found) == pytest.approx(
            right / (right + wrong)
        )


def test_auc_counts_ties_as_one_half() -> None:
    assert auc(np.array([1.0, 2.0]), np.array([1.0, 1.0])) == 0.75


def test_only_means_over_functions_judge_students() -> None:
    assert judging_metrics(Task.EMBEDDING) == ["map_at_r", "map_at_r_within", "mrr"]
    assert judging_metrics(Task.PAIR) == judging_metrics(Task.FUNCTION) == METRICS.names()
    assert shown_metric("map_at_r").text(0.5) == "50.00 %"
    assert shown_metric("mcc").text(0.5) == "0.500"
