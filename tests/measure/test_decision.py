"""From logits to answers."""

import numpy as np
import pytest

from avatar.measure.decision import Decision, fit_decision
from avatar.measure.metrics import classification


def rare(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose margin is informative, but hardly ever above 0 for the rare label 1."""
    random = np.random.default_rng(seed)
    labels = (random.random(count) < 0.1).astype(np.int64)
    margins = random.normal(-3 + 1.8 * labels, 1.0)
    return np.stack([-margins / 2, margins / 2], axis=1).astype(np.float32), labels


def test_accuracy_leaves_the_threshold_at_a_half() -> None:
    decision = fit_decision(*rare(2000, 0))
    assert decision.threshold == 0.5
    assert decision.temperature != 1.0


@pytest.mark.parametrize("metric", ["f1", "mcc"])
def test_the_threshold_of_valid_serves_test(metric: str) -> None:
    decision = fit_decision(*rare(4000, 0), metric)
    logits, labels = rare(4000, 1)
    before, after = (getattr(classification(labels, one.labels(logits)), metric) for one in (Decision(), decision))
    assert decision.threshold < 0.5
    assert after > before + 0.1


def test_answers_do_not_depend_on_the_last_bit_of_one_probability() -> None:
    logits, labels = rare(500, 0)
    decision = fit_decision(logits, labels, "mcc")
    assert (decision.labels(logits) == decision.labels(logits + np.float32(1e-5) * np.array([1, -1]))).all()


def test_label_1_from_the_threshold_on() -> None:
    assert Decision().labels(np.array([[0.0, 0.0], [1.0, 0.0]])).tolist() == [1, 0]


def test_one_class_alone_still_gives_a_threshold_between_0_and_1() -> None:
    logits, _ = rare(50, 0)
    for label in (0, 1):
        decision = fit_decision(logits, np.full(50, label), "mcc")
        assert 0 <= decision.threshold <= 1


def test_where_no_threshold_tells_anything_mcc_leaves_it_at_a_half() -> None:
    logits = np.tile(np.array([[2.0, -2.0]], dtype=np.float32), (100, 1))
    decision = fit_decision(logits, (np.arange(100) % 10 == 0).astype(np.int64), "mcc")
    assert decision.threshold == 0.5
    assert decision.labels(logits).sum() == 0
