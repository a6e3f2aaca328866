"""Standard errors where examples share functions."""

import numpy as np
import pytest

from avatar.measure.resampling import resampled_scores


def test_single_functions_have_the_binomial_error() -> None:
    random = np.random.default_rng(1)
    right = (random.random(2000) < 0.9).astype(np.int64)
    labels = random.integers(2, size=2000)
    answers = np.where(right == 1, labels, 1 - labels)
    drawn = resampled_scores(answers[None], labels, np.arange(2000)[:, None])
    assert drawn.shape == (500, 1)
    assert drawn.mean() == pytest.approx(right.mean(), abs=0.002)
    assert drawn.std(ddof=1) == pytest.approx(np.sqrt(0.9 * 0.1 / 2000), rel=0.15)


def test_pairs_that_share_functions_are_worth_fewer_examples() -> None:
    random = np.random.default_rng(2)
    members = random.integers(60, size=(3000, 2))
    bad = random.random(60) < 0.1  # an answer is wrong wherever a bad function takes part
    wrong = bad[members].any(axis=1)
    labels = random.integers(2, size=3000)
    answers = np.where(wrong, 1 - labels, labels)
    error = resampled_scores(answers[None], labels, members).std(ddof=1)
    share = wrong.mean()
    assert error > 4 * np.sqrt(share * (1 - share) / 3000)


def test_students_share_their_draws_and_every_metric_is_known() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(2, size=400)
    answers = np.stack([labels, labels, 1 - labels])
    members = random.integers(50, size=(400, 2))
    for metric, best in (("accuracy", 1.0), ("f1", 1.0), ("mcc", 1.0)):
        drawn = resampled_scores(answers, labels, members, metric, draws=20)
        assert (drawn[:, 0] == drawn[:, 1]).all()
        assert drawn[:, 0] == pytest.approx(best)
        assert (drawn[:, 2] <= 0).all()
    noisy = np.where(random.random(400) < 0.2, 1 - labels, labels)[None]
    first, again = (resampled_scores(noisy, labels, members, draws=30) for _ in range(2))
    assert (first == again).all()
    assert len(np.unique(first)) > 10


def test_a_handful_of_pairs_and_wrong_shapes() -> None:
    drawn = resampled_scores(np.array([[1, 0]]), np.array([1, 1]), np.array([[0, 1], [2, 3]]))
    assert np.isfinite(drawn).all()
    with pytest.raises(ValueError, match="for 3 labels"):
        resampled_scores(np.array([[1, 0]]), np.array([1, 1, 0]), np.array([[0, 1], [2, 3]]))
