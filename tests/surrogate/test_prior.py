"""The prior learns from recorded trainings which architectures are good, before the first candidate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from avatar.common.errors import DataError
from avatar.config.schema import SurrogateConfig
from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.space import Architectures
from avatar.surrogate.background import Background, Situation, standardised
from avatar.surrogate.choice import Lesson, choose
from avatar.surrogate.descriptors import Descriptors
from avatar.surrogate.prior import Prior
from avatar.surrogate.trainings import Training, from_csv, read_trainings, to_csv, trainings_digest, write_trainings
from spaces import read_space

ABOUT = Descriptors(2, 500, 4000, 0.5, 40.0, 0.6, 0.5, 0.7, 0.8)


def architectures(count: int, seed: int) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return [
        Architecture(
            tokenizer=str(rng.choice(["word", "bpe"])),
            layers=0,
            position="none",
            pooling="max",
            hidden_size=int(rng.integers(2, 9)) * 16,
            vocab_size=int(rng.integers(2, 17)) * 250,
            window=int(rng.choice([1, 3, 5])),
        )
        for _ in range(count)
    ]


def quality(archs: list[Architecture]) -> np.ndarray:
    """In log odds: wider is better, windows are worse."""
    return np.array([np.log2(arch.hidden_size / 64) - 0.4 * (arch.window - 1) for arch in archs])


def scores(archs: list[Architecture], level: float, seed: int, noise: float = 0.1) -> np.ndarray:
    logits = level + 0.3 * quality(archs) + noise * np.random.default_rng(seed).standard_normal(len(archs))
    return np.asarray(1 / (1 + np.exp(-logits)))


def recorded(sets: int = 4, each: int = 16) -> list[Training]:
    rows = []
    for number in range(sets):
        archs = architectures(each, number)
        about = replace(ABOUT, functions=400 * (number + 1), tfidf=0.7 + 0.03 * number)
        for row, (arch, score) in enumerate(zip(archs, scores(archs, number - 1.0, 50 + number), strict=True)):
            rows.append(
                Training(
                    f"key{number}.{row}",
                    "2026-11-27",
                    f"set {number}",
                    f"data{number}",
                    "accuracy",
                    "recipe",
                    1,
                    0.5,
                    3,
                    1000,
                    2.5,
                    float(score),
                    (0.5, float(score)),
                    arch,
                    about,
                )
            )
    return rows


@pytest.fixture(scope="module")
def background() -> Background:
    return Background.of(recorded(), Situation(ABOUT, 1200, 3), Task.PAIR)


def test_it_ranks_the_architectures_of_a_new_data_set_before_any_training(background: Background) -> None:
    new = architectures(40, 99)
    rows = background.encode(new)
    mean, std = Prior(1, background).fit(rows[:0], np.empty(0)).standardised(rows)
    assert kendalltau(mean, quality(new)).statistic > 0.7
    assert (std > 0).all()


def test_candidates_at_hand_correct_the_prior(background: Background) -> None:
    new = architectures(60, 98)
    rows, truth = background.encode(new), -quality(new)  # here the opposite is true
    seen = 1 / (1 + np.exp(-0.3 * truth[:20]))
    before = kendalltau(
        Prior(1, background).fit(rows[:0], np.empty(0)).standardised(rows[20:])[0], truth[20:]
    ).statistic
    after = kendalltau(Prior(1, background).fit(rows[:20], seen).predict(rows[20:])[0], truth[20:]).statistic
    assert before < -0.6
    assert after > 0.5


def test_with_few_candidates_it_is_better_than_what_learns_from_them_alone(background: Background) -> None:
    gained = []
    for seed in range(5):
        new = architectures(50, 200 + seed)
        y, rows = scores(new, 0.5, seed), background.encode(new)
        informed = Prior(1, background).fit(rows[:6], y[:6]).predict(rows[6:])[0]
        alone = Prior(1).fit(rows[:6], y[:6]).predict(rows[6:])[0]
        gained.append(kendalltau(informed, y[6:]).statistic - np.nan_to_num(kendalltau(alone, y[6:]).statistic))
    assert np.median(gained) > 0.1


def test_auto_takes_it_where_validation_says_so_and_says_what_it_learned_from(background: Background) -> None:
    new = architectures(10, 300)
    y = scores(new, 0.5, 3, noise=0.02)
    X = np.random.default_rng(0).random((10, 3))  # tells the others nothing
    choice = choose(SurrogateConfig(repeats=2), X, y, 1, lesson=Lesson(background, background.encode(new)))
    assert choice.name == "prior"
    assert choice.beats_constant
    assert "64 recorded trainings in 4 series" in choice.sentence
    assert "prior" not in choose(SurrogateConfig(repeats=2), X, y, 1).validation


def test_it_says_where_it_does_not_beat_the_constant(background: Background) -> None:
    new = architectures(12, 301)
    y = 0.7 + 0.01 * np.random.default_rng(5).standard_normal(12)
    rows = background.encode(new)
    choice = choose(SurrogateConfig(name="prior", repeats=2), rows, y, 1, lesson=Lesson(background, rows))
    assert not choice.beats_constant
    assert "does not beat the constant" in choice.sentence
    alone = choose(SurrogateConfig(name="prior", repeats=2), rows, y, 1)
    assert "no recorded trainings can be used here" in alone.sentence


def test_architectures_of_any_space_have_rows(background: Background) -> None:
    strange = [Architecture(layers=3, tokenizer="unigram", position="relative_key", pooling="first", head="concat")]
    rows = background.encode(strange)
    assert rows.shape == (1, background.features.shape[1])
    mean, std = Prior(1, background).fit(rows[:0], np.empty(0)).predict(rows)
    assert np.isfinite([mean, std]).all()


def test_a_space_is_encoded_as_its_architectures(background: Background) -> None:
    space = read_space("pooled")
    indices = np.stack([np.minimum(np.arange(len(space.sizes)) % 2 + step, 1) for step in range(3)])
    drawn = Architectures(space, indices)
    np.testing.assert_array_equal(background.encode(drawn), background.encode(list(drawn)))


def test_genes_without_effect_do_not_matter(background: Background) -> None:
    arch = Architecture(layers=0, pooling="max", position="none")
    same = replace(arch, heads=2, intermediate_size=64)
    np.testing.assert_array_equal(*background.encode([arch, same]))


def test_small_sessions_are_left_out_and_none_leave_an_ordinary_surrogate() -> None:
    few = recorded(1, 3)
    background = Background.of(few, Situation(ABOUT, 1200, 3), Task.PAIR)
    assert background.features.shape[0] == 0
    archs = architectures(12, 1)
    rows = background.encode(archs)
    y = scores(archs, 0.0, 1)
    mean, _ = Prior(1, background).fit(rows, y).predict(rows)
    assert kendalltau(mean, y).statistic > 0.5


def test_collapsed_students_do_not_stretch_the_scale() -> None:
    usual = np.linspace(0.90, 0.95, 9)
    with_failure = standardised(np.append(usual, 0.5))
    assert with_failure[-1] == -2.5
    np.testing.assert_allclose(with_failure[:-1], standardised(usual))


def test_tables_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows, path = recorded(2, 5), tmp_path / "mine.csv"
    assert write_trainings(rows[:7], path) == 7
    assert write_trainings(rows, path) == 3
    back = {row.key: row for row in from_csv(path.read_text())}
    assert len(back) == 10
    for row in rows:
        assert back[row.key].arch == row.arch
        assert back[row.key].score == pytest.approx(row.score, abs=1e-5)
        assert back[row.key].session == row.session
    assert len(read_trainings(str(path))) == len(read_trainings(None)) + 10
    assert trainings_digest(str(path)) != trainings_digest(None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("score", "1.5"), "score is 1.5; it must be from 0 to 1"),
        (("score", "good"), "could not convert string to float"),
        (("gene.window", "wide"), "line 2"),
        (("gene.colour", "red"), "no gene is called 'colour'"),
        (("epochs", "0"), "both must be at least 1"),
        (("data.tfidf", None), "the column 'data.tfidf' is missing"),
    ],
)
def test_wrong_tables_are_named(change: tuple[str, str | None], message: str) -> None:
    header, line = (part.split(",") for part in to_csv(recorded(1, 1)).splitlines())
    values = dict(zip(header, line, strict=True))
    if change[1] is None:
        del values[change[0]]
    else:
        values[change[0]] = change[1]
    text = ",".join(values) + "\n" + ",".join(values.values()) + "\n"
    with pytest.raises(DataError, match=r"mine\.csv, line 2") as raised:
        from_csv(text, "mine.csv")
    assert message in str(raised.value)


def test_the_gradient_of_the_hyperparameters_is_right() -> None:
    from scipy.optimize import check_grad

    from avatar.surrogate import prior

    rng = np.random.default_rng(0)
    A, sessions, y = rng.normal(size=(20, 3)), rng.integers(0, 2, 20), rng.normal(size=20)
    near = np.array([[0.0, 1.3], [1.3, 0.0]])
    theta = rng.normal(size=3 + prior.PARTS) * 0.5
    error = check_grad(
        lambda t: prior._loss(t, A, sessions, near, y)[0], lambda t: prior._loss(t, A, sessions, near, y)[1], theta
    )
    assert error < 1e-3


def test_the_packaged_table_can_be_learned_from() -> None:
    rows = read_trainings(None)
    assert len(rows) >= 100
    assert len({row.key for row in rows}) == len(rows)
    assert {row.about.arity for row in rows} == {1, 2}
    assert len({row.data for row in rows}) >= 5
    assert all(row.curve == () or len(row.curve) <= row.epochs for row in rows)
    background = Background.of(rows, Situation(ABOUT, 1200, 3), Task.PAIR)
    assert len(background.situations) >= 8
    assert np.isfinite(background.features).all()
    archs = architectures(5, 0)
    assert np.ptp(Prior(1, background).fit(background.encode([]), np.empty(0)).predict(background.encode(archs))[0]) > 0
