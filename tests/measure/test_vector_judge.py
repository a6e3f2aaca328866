"""Judging students whose answer is a vector: scores and their standard errors, pairs to rewrite, baselines, chance."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.data.batching import TokenTable
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID
from avatar.measure.baselines import VECTOR_BASELINES, evaluate_vector_baselines
from avatar.measure.baselines.similarities import overlap
from avatar.measure.decision import Decision
from avatar.measure.judging import BETWEEN, JUDGES, LANGUAGE, PairDecision, TeacherOnTest
from avatar.measure.judging import vectors as vectors_module
from avatar.measure.metrics import Metrics
from avatar.measure.standard_error import standard_error
from avatar.measure.student_flips import rewritten_languages, student_flips
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
from students import tiny_architecture, tiny_student, tiny_tokenizer

JUDGE = JUDGES[Task.EMBEDDING]
BODY = {
    "java": "int {name}(int[] values) {{\n    int total = {words};\n    return total;\n}}\n",
    "python": "def {name}(values):\n    total = {words}\n    return total\n",
}


def corpus(groups: int = 12, members: int = 6) -> Corpus:
    """Groups of functions in two languages that share a few words; some functions have no clone."""
    random = np.random.default_rng(0)
    functions, splits = {}, {}
    for part, split in enumerate(SplitName):
        samples = []
        for group in range(groups):
            own = random.choice(200, 4)
            for member in range(members if group else 1):
                name = f"{split}{group}_{member}"
                words = [f"values[{word}]" for word in [*own, *random.choice(200, 3)]]
                language = ("java", "python")[member % 2]
                code = BODY[language].format(name=f"f{random.integers(999)}", words=" + ".join(words))
                functions[name] = Function(name, code, str(group), language)
                samples.append(Sample(name, part * groups + group))
        splits[split] = samples
    return Corpus("toy", Task.EMBEDDING, functions, splits, num_labels=4 * groups)


@pytest.fixture(scope="module")
def data() -> Corpus:
    return corpus()


MODEL = tiny_student(tiny_architecture(pooling="mean", layers=0, position="none"), Task.EMBEDDING)


@pytest.fixture(scope="module")
def tokens(data: Corpus) -> TokenTable:
    rows = [tiny_tokenizer().encode(function.code).ids[:48] for function in data.functions.values()]
    return TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID)


def test_the_standard_error_is_that_of_drawing_groups(data: Corpus, tokens: TokenTable) -> None:
    judged = JUDGE.on_valid(MODEL, tokens, data, "map_at_r")
    space = vectors_module.space_of(MODEL, tokens, data, SplitName.VALID)
    of_each = VECTOR_METRICS.get("map_at_r").of_each
    assert of_each is not None
    parts = of_each(space)
    assert judged.score == pytest.approx(np.nanmean(parts))
    assert np.isnan(parts).sum() == 1
    assert judged.influence[np.isnan(parts)].tolist() == [0.0]
    error = standard_error(judged.influence, judged.clusters)
    random, groups = np.random.default_rng(0), np.unique(space.groups[np.isfinite(parts)])
    drawn = [
        np.concatenate([parts[space.groups == group] for group in random.choice(groups, len(groups))]).mean()
        for _ in range(3000)
    ]
    assert error == pytest.approx(np.std(drawn), rel=0.1)
    alone = standard_error(judged.influence, np.arange(len(parts))[:, None])
    assert error > 1.1 * alone, "functions of a group are dependent"


def test_scores_of_test_by_language_and_of_the_head(data: Corpus, tokens: TokenTable) -> None:
    teacher = TeacherOnTest(Metrics(map_at_r=0.25), None, Decision())
    values, decision = JUDGE.measured(MODEL, tokens, data, "map_at_r", teacher)
    space = vectors_module.space_of(MODEL, tokens, data, SplitName.TEST)
    for name in VECTOR_METRICS:
        assert values[f"test/{name}"] == VECTOR_METRICS.get(name).score(space)
    assert values["teacher_test/map_at_r"] == 0.25
    java = space.among(np.flatnonzero(space.language_of == "java"))
    assert values[f"{LANGUAGE}java/map_at_r"] == pytest.approx(VECTOR_METRICS.get("map_at_r").score(java))
    assert {name for name in values if name.startswith(BETWEEN)} == {
        f"{BETWEEN}{pair}/{metric}" for pair in ("java_python", "python_java") for metric in ("mrr", "auc")
    }
    first, second = (np.flatnonzero(space.language_of == name) for name in ("java", "python"))
    cosines = space.units[first] @ space.units[second].T
    clones = space.groups[first][:, None] == space.groups[second][None, :]
    wins = (cosines[clones][:, None] > cosines[~clones][None, :]).mean()
    assert values[f"{BETWEEN}java_python/auc"] == pytest.approx(wins, abs=1e-4)
    assert isinstance(decision, PairDecision)
    assert JUDGE.restored({"head": decision.head.as_dict(), "threshold": 0.5, "temperature": 1.0}) == decision
    assert JUDGE.fit(MODEL, tokens, data, "map_at_r") == decision
    assert 0 <= values["calibration/recall"] <= 1
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", name) for name in values)


def test_names_of_languages_fit_into_names_of_metrics() -> None:
    assert [vectors_module.plain_name(name) for name in ("C++", "java", "f#")] == ["c_", "java", "f_"]


def test_examples_are_pairs_and_every_second_one_is_clones(data: Corpus) -> None:
    group_of = {data.functions[sample.ids[0]].code: sample.label for sample in data.splits[SplitName.TEST]}
    examples = JUDGE.examples(data, SplitName.TEST, 40, seed=1)
    assert len(examples) == 40
    same = [group_of[first] == group_of[second] for first, second in examples]
    assert same == [bool(number % 2) for number in range(40)]
    assert examples == JUDGE.examples(data, SplitName.TEST, 40, seed=1) != JUDGE.examples(data, SplitName.TEST, 40, 2)
    assert all(first != second for first, second in examples)
    assert len(JUDGE.examples(data, SplitName.TEST, 0, seed=1)) == len(group_of)


def test_flips_are_counted_in_each_language(data: Corpus, tokens: TokenTable) -> None:
    assert rewritten_languages(data, SplitName.TEST, None) == ["java", "python"]
    decision = JUDGE.fit(MODEL, tokens, data, "map_at_r")
    loose = PairDecision(decision.head, threshold=1e-4)  # type: ignore[arg-type]
    for languages, count in ((["java", "python"], 21), (["python"], 21)):
        flips = student_flips(MODEL, tiny_tokenizer(), loose, data, SplitName.TEST, count, languages, seed=1)
        assert {entry.examples for entry in flips.values()} == {count}
        assert flips["rename"].changed == count


def test_chance_is_that_of_random_vectors(data: Corpus) -> None:
    groups = data.labels(SplitName.VALID)
    random = np.random.default_rng(5)
    scores = [
        VECTOR_METRICS.get("map_at_r").score(VectorSpace(random.normal(size=(len(groups), 16)), groups))
        for _ in range(200)
    ]
    chance = JUDGE.chance(data, "map_at_r")
    assert np.median(scores) < chance <= max(scores)


def slow_overlap(first: str, second: str) -> float:
    one, other = (set(re.findall(r"\w+|[^\w\s]", text)) for text in (first, second))
    return len(one & other) / len(one | other)


def test_token_overlap_equals_a_loop(data: Corpus) -> None:
    texts = [data.functions[sample.ids[0]].code for sample in data.splits[SplitName.TEST]]
    actual: NDArray[np.float32] = overlap([], texts)
    expected = [[slow_overlap(first, second) for second in texts] for first in texts]
    np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_baselines_are_scored_by_every_metric(data: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = evaluate_vector_baselines(data)
    assert list(scores) == list(VECTOR_BASELINES)
    for values in scores.values():
        assert list(values) == VECTOR_METRICS.names()
        assert values["map_at_r"] > JUDGE.chance(data, "map_at_r")
        assert values["auc"] > 0.8
    monkeypatch.setattr("avatar.measure.baselines.similarities.MOST_FUNCTIONS", 30)
    assert evaluate_vector_baselines(data) != scores
