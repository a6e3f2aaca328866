import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kendalltau

from avatar.config.schema import SurrogateConfig
from avatar.surrogate.base import from_logit, to_logit
from avatar.surrogate.choice import choose, collapsed
from avatar.surrogate.validation import cross_validate, validate

Data = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def learnable() -> Data:
    rng = np.random.default_rng(0)
    X = rng.random((40, 3))
    return X, 0.9 + 0.08 * X[:, 0] - 0.1 * X[:, 1] + 0.002 * rng.standard_normal(40)


@pytest.fixture(scope="module")
def noise() -> Data:
    rng = np.random.default_rng(0)
    return rng.random((40, 3)), 0.6 + 0.02 * rng.standard_normal(40)


def test_figures_equal_those_of_the_predictions(learnable: Data) -> None:
    X, y = learnable
    result = cross_validate("ridge", X, y, folds=5, repeats=1, seed=3)
    assert result.mae == pytest.approx(np.abs(result.mean - y).mean())
    assert result.rmse == pytest.approx(np.sqrt(((result.mean - y) ** 2).mean()))
    assert result.kendall_tau == pytest.approx(kendalltau(result.mean, y).statistic)
    assert result.mae_error == pytest.approx(result.errors.std(ddof=1) / np.sqrt(40))
    assert result.gain == pytest.approx(result.constant_mae - result.mae)


def test_no_prediction_has_seen_its_own_answer(learnable: Data) -> None:
    X, y = learnable
    seen: list[int] = []

    def memory(
        known: NDArray[np.float64], answers: NDArray[np.float64], unseen: NDArray[np.float64], seed: int
    ) -> Data:
        assert len(known) == len(answers)
        assert not {tuple(row) for row in known} & {tuple(row) for row in unseen}
        seen.append(len(unseen))
        return np.full(len(unseen), 0.5), np.zeros(len(unseen))

    result = validate("memory", memory, X, y, folds=5, repeats=2, seed=0)
    assert sum(seen) == 2 * len(y)
    assert result.kendall_tau == 0.0


def test_the_constant_never_beats_itself(learnable: Data) -> None:
    result = cross_validate("constant", *learnable, folds=5, repeats=3, seed=0)
    assert result.gain == pytest.approx(0.0)
    assert not result.beats_constant


def test_validation_is_repeatable(learnable: Data) -> None:
    first, second = (cross_validate("random_forest", *learnable, folds=4, repeats=1, seed=5) for _ in range(2))
    assert (first.mean == second.mean).all()


def test_few_observations_get_fewer_folds() -> None:
    X = np.arange(6.0)[:, None]
    result = cross_validate("ridge", X, 0.5 + X[:, 0] / 20, folds=5, repeats=2, seed=0)
    assert len(result.errors) == 6
    assert np.isfinite(result.mean).all()


def test_choice_takes_what_learns(learnable: Data) -> None:
    choice = choose(SurrogateConfig(repeats=1), *learnable, seed=1)
    assert choice.beats_constant
    assert choice.name != "constant"
    assert set(choice.validation) > {"constant", choice.name}
    assert choice.validation[choice.name].mae < choice.validation["constant"].mae / 2
    assert choice.judged is choice.validation[choice.name]
    assert choice.judged.compared in choice.sentence


def test_choice_says_that_noise_cannot_be_learned(noise: Data) -> None:
    choice = choose(SurrogateConfig(repeats=1), *noise, seed=1)
    assert choice.name == "constant"
    assert not choice.beats_constant
    assert choice.sentence.startswith("No surrogate beats the constant")
    assert choice.judged is not None
    assert choice.judged.name != "constant"
    assert choice.judged.name.replace("_", " ") in choice.sentence
    assert choice.judged.compared in choice.sentence
    assert np.ptp(choice.model.predict(noise[0])[0]) == 0


def test_a_named_surrogate_is_taken_and_judged(noise: Data) -> None:
    choice = choose(SurrogateConfig(name="ridge", repeats=2), *noise, seed=1)
    assert (choice.name, choice.beats_constant) == ("ridge", False)
    assert "does not beat the constant" in choice.sentence


def test_too_few_candidates_give_the_constant(learnable: Data) -> None:
    X, y = learnable
    choice = choose(SurrogateConfig(minimum=6), X[:5], y[:5], seed=1)
    assert choice.name == "constant"
    assert "5 trained architectures are fewer than the 6" in choice.sentence
    assert choice.model.predict(X[:1])[0][0] == np.median(y[:5])


def test_collapsed_students_are_recognised() -> None:
    healthy = np.linspace(0.9, 0.95, 7)
    y = np.concatenate([[2 / 3] * 3, healthy, [0.0]])
    assert collapsed(y).tolist() == [True] * 3 + [False] * 7 + [True]
    assert not collapsed(healthy).any()
    assert collapsed(healthy, floor=0.9).tolist() == [True] + [False] * 6
    X = np.random.default_rng(0).random((len(y), 2))
    config = SurrogateConfig(name="ridge", repeats=1)
    assert "4 of 11 students collapsed" in choose(config, X, y, 0).sentence
    with_floor = choose(config, X, y, 0, floor=0.9)
    assert "5 of 11 students are no better than one constant answer (90.00 %)" in with_floor.sentence
    assert with_floor.collapsed.sum() == 5


def test_the_logit_scale_is_undone() -> None:
    y = np.array([0.05, 0.5, 0.97])
    np.testing.assert_allclose(from_logit(to_logit(y), np.zeros(3))[0], y)
    assert np.isfinite(to_logit(np.array([0.0, 1.0]))).all()


def test_recorded_bigclonebench_students(avatar_data) -> None:  # type: ignore[no-untyped-def]
    from recorded import recorded_students

    X, y = recorded_students(avatar_data / "surrogate" / "bcb_codebert_80.csv")
    result = cross_validate("random_forest", X, y, folds=5, repeats=2, seed=1)
    assert result.mae <= 0.062
    assert result.beats_constant
    assert collapsed(y).sum() == 18


def test_recorded_devign_students_teach_nothing(avatar_data) -> None:  # type: ignore[no-untyped-def]
    from recorded import recorded_students

    X, y = recorded_students(avatar_data / "surrogate" / "devign_codebert_50.csv")
    choice = choose(SurrogateConfig(repeats=1), X, y, seed=1)
    assert choice.name == "constant"
    assert not choice.beats_constant
    assert not choice.collapsed.any()
