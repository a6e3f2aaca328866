"""Metrics of probabilities against scikit-learn and against their definitions; pairwise accuracy of fixes."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference

from avatar.common.errors import ConfigError
from avatar.metrics import (
    FIX_METRICS,
    METRICS,
    PROBABILITY_METRICS,
    VECTOR_METRICS,
    fix_scores,
    probability_scores,
    shown_metric,
)
from avatar.metrics.fixes import interval
from avatar.metrics.ranking import FALSE_POSITIVES, precision_at_top

examples = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 1)), min_size=2, max_size=60)
"""Few distinct probabilities, so that there are many ties, and labels."""


def arrays(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    probabilities, labels = np.asarray(rows).T
    return probabilities / 10, labels


@given(examples)
def test_ranks_equal_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    probabilities, labels = arrays(rows)
    assume(0 < labels.sum() < len(labels))
    ours = probability_scores(probabilities, labels)
    assert ours["auc"] == pytest.approx(reference.roc_auc_score(labels, probabilities))
    assert ours["average_precision"] == pytest.approx(reference.average_precision_score(labels, probabilities))
    rates, recalls, _ = reference.roc_curve(labels, probabilities, drop_intermediate=False)
    assert ours["recall_at_1_fpr"] == pytest.approx(recalls[rates <= FALSE_POSITIVES].max())


@given(examples, st.sampled_from([0.01, 0.05, 0.1, 0.5, 1.0]))
def test_precision_at_the_top_is_the_mean_over_all_orders_of_ties(rows: list[tuple[int, int]], share: float) -> None:
    probabilities, labels = arrays(rows)
    count = max(1, int(np.ceil(share * len(labels) - 1e-9)))
    random = np.random.default_rng(0)
    seen = []
    for _ in range(300):
        order = np.lexsort((random.random(len(labels)), -probabilities))
        seen.append(labels[order[:count]].mean())
    border = np.sort(probabilities)[::-1][count - 1]
    tied = 3 / np.sqrt(300) if (probabilities == border).sum() > 1 else 1e-9
    assert precision_at_top(probabilities, labels, share) == pytest.approx(np.mean(seen), abs=tied)


def test_the_order_of_the_examples_is_no_information() -> None:
    random = np.random.default_rng(0)
    labels = np.sort(random.integers(0, 2, 200))[::-1].copy()  # sorted: the right answer, if ties were broken by order
    scores = probability_scores(np.full(200, 0.3), labels)
    share = labels.mean()
    assert scores["auc"] == 0.5
    assert scores["recall_at_1_fpr"] == 0.0
    for name in ("average_precision", "precision_at_01", "precision_at_05", "precision_at_10"):
        assert scores[name] == pytest.approx(share), name
    assert scores["ece"] == pytest.approx(abs(0.7 - (1 - share)))


def test_one_kind_of_label_has_scores() -> None:
    chances = np.array([0.2, 0.9])
    none, all_of_them = (probability_scores(chances, np.full(2, label)) for label in (0, 1))
    assert (none["auc"], none["average_precision"], none["recall_at_1_fpr"], none["precision_at_01"]) == (0.5, 0, 0, 0)
    assert (all_of_them["auc"], all_of_them["average_precision"], all_of_them["recall_at_1_fpr"]) == (0.5, 1, 1)
    with pytest.raises(ValueError, match="at least one"):
        probability_scores(np.empty(0), np.empty(0, dtype=np.int64))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_pairwise_accuracy_is_the_share_of_fixes_in_the_right_order(pairs: list[tuple[int, int]]) -> None:
    before, after = np.asarray(pairs, dtype=np.float64).T / 5
    expected = np.mean([(left > right) + 0.5 * (left == right) for left, right in zip(before, after, strict=True)])
    assert fix_scores(before, after)["pairwise_accuracy"] == pytest.approx(expected)


def test_the_interval_of_few_fixes_is_wide() -> None:
    low, high = interval(0.5, 100)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # Wilson's, from Brown, Cai and DasGupta (2001)
    assert interval(1.0, 10)[1] == 1.0
    assert interval(0.0, 10)[1] == pytest.approx(0.2775, abs=1e-4)
    assert np.diff(interval(0.5, 10)) > np.diff(interval(0.5, 1000))


def test_equal_names_look_the_same() -> None:
    """A report has one column of a name, whatever the task is."""
    for first, second in itertools.combinations((METRICS, PROBABILITY_METRICS, FIX_METRICS, VECTOR_METRICS), 2):
        for name in set(first.names()) & set(second.names()):
            one, other = first.get(name), second.get(name)
            looks = [(metric.title, metric.short, metric.percent, metric.meaning) for metric in (one, other)]
            assert looks[0] == looks[1], name
    assert shown_metric("precision_at_05").text(0.25) == "25.00 %"
    with pytest.raises(ConfigError, match="unknown metric 'aucc'"):
        shown_metric("aucc")
