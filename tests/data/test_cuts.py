"""Cuts: no other cut is better by any metric, and accuracy is computed at the model's own cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from avatar.data.cuts import METRICS, best_cut, score_of
from avatar.measure.decision import Decision

REFERENCE = {
    "accuracy": metrics.accuracy_score,
    "f1": lambda labels, answers: metrics.f1_score(labels, answers, zero_division=0.0),
    "mcc": metrics.matthews_corrcoef,
}
ROWS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1)), min_size=1, max_size=30)


@pytest.mark.parametrize("metric", list(METRICS))
@pytest.mark.filterwarnings("ignore:A single label")
@given(rows=ROWS)
def test_no_other_cut_is_better(metric: str, rows: list[tuple[int, int]]) -> None:
    scores, labels = np.asarray(rows, dtype=np.float64)[:, 0], np.asarray(rows)[:, 1]
    cut = best_cut(scores, labels, metric)
    everywhere = [REFERENCE[metric](labels, (scores >= value).astype(int)) for value in [*scores, np.inf]]
    assert cut.score == pytest.approx(REFERENCE[metric](labels, (scores >= cut.value).astype(int)))
    assert cut.score == pytest.approx(max(everywhere))


def test_accuracy_is_that_of_the_model_s_predictions() -> None:
    margins, labels = np.array([-3.0, -2.0, -1.0, 4.0]), np.array([0, 1, 1, 1])
    assert score_of(margins, labels) == 0.5
    assert score_of(margins, labels, "f1") == 1.0


def test_a_tie_counts_as_the_model_predicts_it() -> None:
    labels = np.array([0, 0, 0, 1])
    assert score_of(np.zeros(4), labels) == (Decision().labels(np.zeros((4, 2))) == labels).mean()


def test_a_wrong_number_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 scores for 1 labels"):
        best_cut(np.zeros(2), np.zeros(1, dtype=np.int64))
