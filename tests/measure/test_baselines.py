"""Baselines: their scores on data with known answers, and on Devign."""

import json
from pathlib import Path

import numpy as np
import pytest

from avatar.data.records import Corpus, Function, Pair, Sample, SplitName, Task
from avatar.measure.baselines import evaluate_baselines
from avatar.measure.metrics import Metrics


def evaluate(corpus: Corpus, split: SplitName = SplitName.UNLABELED) -> dict[str, Metrics]:
    return evaluate_baselines(corpus, corpus.members(split), corpus.labels(split), seed=1)


def samples() -> Corpus:
    """Functions that call `danger` are vulnerable."""
    random = np.random.default_rng(0)
    functions, examples = {}, []
    for index in range(200):
        label = index % 2
        words = " ".join(f"w{n}" for n in random.integers(0, 50, 20))
        functions[str(index)] = Function(str(index), f"{words} {'danger' if label else 'calm'}(x);")
        examples.append(Sample(str(index), label))
    splits = {SplitName.UNLABELED: examples[:150], SplitName.TEST: examples[150:]}
    return Corpus("toy", Task.FUNCTION, functions, splits)


def pairs() -> Corpus:
    """Clones share most of their tokens."""
    random = np.random.default_rng(0)
    functions, examples = {}, []
    for index in range(300):
        label = index % 2
        words, other = random.integers(0, 300, (2, 20))
        other[:14] = words[:14] if label else other[:14]
        for name, half in (("a", words), ("b", other)):
            functions[f"{name}{index}"] = Function(f"{name}{index}", " ".join(f"w{n}" for n in half))
        examples.append(Pair(f"a{index}", f"b{index}", label))
    splits = {SplitName.UNLABELED: examples[:200], SplitName.TEST: examples[200:]}
    return Corpus("toy", Task.PAIR, functions, splits)


def test_functions_have_two_baselines_and_words_are_learnt() -> None:
    scores = evaluate(samples())
    assert set(scores) == {"constant", "tfidf"}
    assert scores["tfidf"].accuracy == 1.0
    assert scores["constant"].accuracy == 0.5
    assert scores["constant"].recall == 1.0  # a tie goes to 1


def test_pairs_are_compared_on_both_sides() -> None:
    scores = evaluate(pairs())
    assert set(scores) == {"constant", "tfidf", "overlap"}
    assert scores["overlap"].accuracy >= 0.98
    assert scores["tfidf"].accuracy >= 0.9


def test_labels_given_are_the_labels_learnt() -> None:
    corpus = pairs()
    members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
    assert evaluate_baselines(corpus, members, 1 - labels, seed=1)["tfidf"].accuracy <= 0.1


def test_one_kind_of_label_leaves_only_the_constant() -> None:
    corpus = pairs()
    members = corpus.members(SplitName.UNLABELED)
    scores = evaluate_baselines(corpus, members, np.zeros(len(members), dtype=np.int64), seed=1)
    assert scores["tfidf"] == scores["overlap"] == scores["constant"]
    assert scores["constant"].recall == 0.0


def rare() -> Corpus:
    """Every tenth function is vulnerable; one word makes that three times as likely, never likely."""
    random = np.random.default_rng(0)
    functions, examples = {}, []
    for index in range(900):
        risky = index % 3 == 0
        label = int(random.random() < (0.24 if risky else 0.02))
        words = " ".join(f"w{n}" for n in random.integers(0, 50, 20))
        functions[str(index)] = Function(str(index), f"{words} {'strcpy' if risky else 'puts'}(x);")
        examples.append(Sample(str(index), label))
    splits = {SplitName.UNLABELED: examples[:500], SplitName.VALID: examples[500:700], SplitName.TEST: examples[700:]}
    return Corpus("toy", Task.FUNCTION, functions, splits)


def test_where_the_set_is_judged_by_mcc_the_threshold_of_valid_finds_rare_ones() -> None:
    corpus = rare()
    members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
    plain = evaluate_baselines(corpus, members, labels, seed=1)["tfidf"]
    judged = evaluate_baselines(corpus, members, labels, seed=1, metric="mcc")["tfidf"]
    assert plain.recall < 0.1
    assert judged.recall > 0.3
    assert judged.mcc > plain.mcc + 0.1


def test_where_f1_counts_the_constant_says_yes() -> None:
    corpus = rare()
    members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
    assert evaluate_baselines(corpus, members, labels, seed=1, metric="f1")["constant"].recall == 1.0
    assert evaluate_baselines(corpus, members, labels, seed=1, metric="mcc")["constant"].recall == 0.0


@pytest.mark.slow
def test_tfidf_on_devign_is_as_good_as_it_should_be(avatar_data: Path) -> None:
    functions: dict[str, Function] = {}
    splits: dict[SplitName, list[Sample]] = {}
    for split, name in ((SplitName.UNLABELED, "train"), (SplitName.TEST, "test")):
        splits[split] = []
        for row_number, line in enumerate((avatar_data / "devign" / f"{name}.jsonl").read_text().splitlines()):
            row = json.loads(line)
            functions[f"{name}{row_number}"] = Function(f"{name}{row_number}", row["func"])
            splits[split].append(Sample(f"{name}{row_number}", int(row["target"])))
    scores = evaluate(Corpus("devign", Task.FUNCTION, functions, splits))
    assert scores["tfidf"].accuracy >= 0.615
    assert scores["tfidf"].mcc >= 0.22
