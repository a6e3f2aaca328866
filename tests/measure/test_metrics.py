"""Scores against scikit-learn, and fidelity against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn import metrics as reference

from avatar.common.errors import AvatarError
from avatar.measure.fidelity import Fidelity, agreement, kl
from avatar.measure.metrics import classification, hard

pairs_of_labels = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
@given(pairs_of_labels)
def test_scores_equal_sklearn(rows: list[tuple[int, int]]) -> None:
    labels, predictions = np.asarray(rows).T
    ours = classification(labels, predictions)
    assert ours.accuracy == pytest.approx(reference.accuracy_score(labels, predictions))
    assert ours.f1 == pytest.approx(reference.f1_score(labels, predictions, zero_division=0))
    assert ours.precision == pytest.approx(reference.precision_score(labels, predictions, zero_division=0))
    assert ours.recall == pytest.approx(reference.recall_score(labels, predictions, zero_division=0))
    assert ours.mcc == pytest.approx(reference.matthews_corrcoef(labels, predictions))


@pytest.mark.parametrize(
    "outputs",
    [
        np.array([1, 0, 1]),
        np.array([0.9, 0.2, 0.51]),
        np.array([[-1.0, 2.0], [3.0, 1.0], [0.0, 0.1]]),
        np.log([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]]),
    ],
)
def test_labels_probabilities_and_scores_read_the_same(outputs: NDArray[np.float64]) -> None:
    assert hard(outputs).tolist() == [1, 0, 1]


def test_a_diverged_model_has_no_score() -> None:
    with pytest.raises(AvatarError, match="1 of 4 predictions are not finite"):
        classification(np.array([0, 1]), np.array([[0.0, 1.0], [np.nan, 0.0]]))


def test_names_carry_the_prefix() -> None:
    scores = classification(np.array([0, 1]), np.array([0, 1])).as_dict("baseline_tfidf_test/")
    assert "baseline_tfidf_test/mcc" in scores
    assert len(scores) == 5
    assert set(scores.values()) == {1.0}


def test_fidelity_is_agreement_and_kl_of_teacher_to_student() -> None:
    random = np.random.default_rng(0)
    student, teacher = random.normal(size=(2, 30, 2))
    softmax = [np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (teacher, student)]
    assert kl(student, teacher) == pytest.approx(entropy(softmax[0], softmax[1], axis=1).mean())
    assert agreement(student, teacher) == (student.argmax(1) == teacher.argmax(1)).mean()
    assert (agreement(teacher, teacher), kl(teacher, teacher)) == (1.0, 0.0)


def test_kl_of_labels_alone_is_not_reported() -> None:
    assert Fidelity(1.0, None).as_dict() == {"fidelity/agreement": 1.0}


def test_kl_survives_a_teacher_without_doubt() -> None:
    assert kl(np.array([[0.0, 0.0]]), np.array([[0.0, -np.inf]]) * 1.0) == pytest.approx(np.log(2))
