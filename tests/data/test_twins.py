"""Twins by text, by tokens, and near twins."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from avatar.checks.registered import names
from avatar.code.lexer import Lexer
from avatar.code.ngrams import ngram_features
from avatar.config.schema import Config, DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.overlaps import count_overlaps, twin_mask
from avatar.data.records import Corpus, Function, Pair, SplitName, Task
from avatar.data.twins import NEAR, TWINS, near_twins
from avatar.pipeline.stage_01_dataset import fingerprint
from reader_folders import write_jsonl

ONE = """int copy(char *to, const char *from, int size) {
    int n = 0;
    while (n < size && from[n] != 0) {
        to[n] = from[n];
        n++;
    }
    log_copy(n, "copied");
    return n;
}"""
LAYOUT = ONE.replace("\n    ", "\n\t").replace("{\n", "{\n /* a comment */\n")
RENAMED = ONE.replace("size", "length").replace("from", "src").replace("copied", "done")
CALLS = RENAMED.replace("log_copy", "audit")
CHECKED = ONE.replace("    int n = 0;\n", "    int n = 0;\n    if (size < 0) return 0;\n")
OTHER = """int sum(int *values, int count) {
    int total = 0;
    for (int i = 0; i < count; i++) total += values[i];
    return total;
}"""


def functions(*codes: str) -> list[Function]:
    return [Function(str(number), code, language="c") for number, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("text", [True, False, False, False, False, False]),
        ("tokens", [True, True, True, False, False, False]),
        ("near", [True, True, True, True, True, False]),
    ],
)
def test_the_rules_differ_in_what_they_ignore(rule: str, expected: list[bool]) -> None:
    queries = functions(ONE.replace("\n", "\r\n"), LAYOUT, RENAMED, CALLS, CHECKED, OTHER)
    assert TWINS.get(rule).find(queries, functions(ONE)).tolist() == expected


def test_swapped_variables_are_no_twins() -> None:
    swapped = ONE.replace("from", "x").replace("to", "from").replace("x[", "to[")
    first, second = functions("int f(int a, int b) { return a - b; }", "int f(int a, int b) { return b - a; }")
    assert TWINS.get("tokens").find([first], [second]).tolist() == [False]
    assert TWINS.get("tokens").find(functions(swapped), functions(ONE)).tolist() == [False]


def test_functions_without_tokens_are_compared_by_text() -> None:
    assert TWINS.get("tokens").find(functions("{};", ";;"), functions("{} ;")).tolist() == [True, False]
    assert TWINS.get("near").find(functions("{};", ";;"), functions("{} ;")).tolist() == [True, False]
    assert TWINS.get("near").find(functions(ONE), []).tolist() == [False]
    assert TWINS.get("near").find([], functions(ONE)).tolist() == []


def test_near_twins_are_all_pairs_above_the_similarity() -> None:
    """The filter loses no pair, compared with all pairs by the definition."""
    random = np.random.default_rng(0)
    statements = [f"v{n} = g{n}(v{n % 5}, {n});" for n in range(14)]

    def made(count: int) -> list[Function]:
        chosen = [random.permutation(14)[: random.integers(8, 13)] for _ in range(count)]
        return functions(*("void f() { " + " ".join(statements[n] for n in sorted(one)) + " }" for one in chosen))

    queries, others = made(60), made(80)
    sets = []
    for function in [*queries, *others]:
        digests, _ = ngram_features(Lexer(), [function.code], ["c"], ("r3",))
        sets.append(set(digests.tolist()))
    for least in (0.5, NEAR, 0.95):
        expected = {
            (i, j): len(one & other) / len(one | other)
            for i, one in enumerate(sets[:60])
            for j, other in enumerate(sets[60:])
            if len(one & other) / len(one | other) >= least
        }
        found = {(i, j): similarity for i, j, similarity in near_twins(queries, others, least)}
        assert found == pytest.approx(expected)
        assert expected


@pytest.fixture
def corpus() -> Corpus:
    codes = {"one": ONE, "layout": LAYOUT, "checked": CHECKED, "other": OTHER}
    splits = {
        SplitName.LABELED: (Pair("one", "one", 1),),
        SplitName.UNLABELED: (Pair("one", "one", 0),),
        SplitName.VALID: (Pair("other", "layout", 1), Pair("other", "other", 0)),
        SplitName.TEST: (Pair("layout", "other", 1), Pair("checked", "other", 0), Pair("other", "other", 1)),
    }
    return Corpus(
        "t", Task.PAIR, {name: Function(name, code) for name, code in codes.items()}, splits, languages=("c",)
    )


@pytest.mark.parametrize(("rule", "marked"), [("text", [0, 0, 0]), ("tokens", [1, 0, 0]), ("near", [1, 1, 0])])
def test_masks_and_counts_follow_the_rule(rule: str, marked: list[int], corpus: Corpus) -> None:
    chosen = dataclasses.replace(corpus, twins=rule)
    assert twin_mask(chosen, SplitName.TEST).tolist() == [bool(mark) for mark in marked]
    overlaps = count_overlaps(chosen)
    assert overlaps.test.touched_examples == sum(marked)
    if sum(marked):
        assert TWINS.get(rule).meaning in overlaps.sentences()[0]
    assert (fingerprint(chosen) == fingerprint(corpus)) == (rule == "text")


def test_twins_by_tokens_are_dropped(tmp_path: Path) -> None:
    body = "int f{0}(int a) {{ return g{0}(a) + {0}; }}"
    rows = [{"func": body.format(n), "target": n % 2} for n in range(40)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    write_jsonl(tmp_path / "valid.jsonl", [{"func": body.format(n), "target": n % 2} for n in range(50, 60)])
    test = [*({"func": body.format(n), "target": n % 2} for n in range(70, 80)), {**rows[3]}]
    test[-1]["func"] = test[-1]["func"].replace("int a", "int  x").replace("(a)", "( x )")
    write_jsonl(tmp_path / "test.jsonl", test)
    cfg = DatasetConfig(name="devign", root=str(tmp_path), language="c", drop_twins=True)
    assert len(load_corpus(cfg, 1).splits[SplitName.TEST]) == 11
    cfg.twins = "tokens"
    corpus = load_corpus(cfg, 1)
    assert len(corpus.splits[SplitName.TEST]) == 10
    assert any("1 of the 11 test examples were dropped" in note for note in corpus.notes)
    (problem,) = names(Config(dataset=DatasetConfig(twins="token")))
    assert "dataset.twins is 'token'; did you mean 'tokens'?" in problem


def test_real_functions(avatar_data: Path) -> None:
    cfg = DatasetConfig(name="reveal", root=str(avatar_data / "reveal"), language="c")
    counts = {}
    for rule in TWINS:
        cfg.twins = rule
        counts[rule] = count_overlaps(load_corpus(cfg, 1)).test.twin_functions
    assert counts["text"] <= counts["tokens"] <= counts["near"]
    assert counts["near"] < 400
