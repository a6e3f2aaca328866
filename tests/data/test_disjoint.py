"""Splits that share no function and no group: properties, sizes, labels, and what a user is told."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code.text import function_text
from avatar.common.errors import ConfigError
from avatar.config.schema import DatasetConfig
from avatar.data.disjoint import apart, divide, grouped_split
from avatar.data.load import load_corpus
from avatar.data.overlaps import count_overlaps
from avatar.data.records import Corpus, SplitName
from reader_folders import write_jsonl

busy = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**31 - 1)
SHARES = (0.72, 0.08, 0.2)


def random_pairs(
    functions: int, count: int, seed: int, positive: float = 0.5
) -> tuple[list[tuple[int, int]], np.ndarray]:
    rng = np.random.default_rng(seed)
    return [tuple(pair) for pair in rng.integers(0, functions, (count, 2)).tolist()], (
        rng.random(count) < positive
    ).astype(np.int64)


@busy
@given(st.integers(2, 400), st.integers(20, 400), seeds)
def test_no_key_is_in_two_parts_and_no_row_is_lost_unsaid(functions: int, count: int, seed: int) -> None:
    keys, labels = random_pairs(functions, count, seed)
    division = divide(keys, labels, SHARES, seed)
    if division is None:
        return
    held = [{key for row in part.tolist() for key in keys[row]} for part in division.parts]
    assert sum(map(len, held)) == len(set().union(*held))
    rows = [row for part in division.parts for row in part.tolist()]
    assert len(rows) == len(set(rows)) == count - division.dropped
    again = divide(keys, labels, SHARES, seed)
    assert again is not None
    assert all(np.array_equal(a, b) for a, b in zip(division.parts, again.parts, strict=True))


@busy
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60)), min_size=100, max_size=300), seeds)
def test_groups_stay_whole_and_sizes_follow_the_shares(examples: list[tuple[int, int]], seed: int) -> None:
    labels = np.asarray([label for label, _ in examples])
    clusters = np.asarray([group for _, group in examples])
    parts = grouped_split(labels, clusters, SHARES, seed)
    held = [set(clusters[part].tolist()) for part in parts]
    assert sum(map(len, held)) == len(set(clusters.tolist()))
    assert sorted(row for part in parts for row in part.tolist()) == list(range(len(examples)))
    largest = np.bincount(clusters).max()
    for share, part in zip(SHARES, parts, strict=True):
        assert abs(len(part) - share * len(examples)) <= 2 * largest


@pytest.mark.parametrize(
    ("functions", "positive"), [(20_000, 0.5), (5_000, 0.5), (5_000, 0.1), (2_500, 0.5), (1_000, 0.3)]
)
def test_shares_and_labels_are_about_right(functions: int, positive: float) -> None:
    keys, labels = random_pairs(functions, 5_000, 3, positive)
    division = divide(keys, labels, SHARES, 1)
    assert division is not None
    if functions >= 2_500:
        assert len(division.parts[1]) == pytest.approx(400, rel=0.1)
        assert len(division.parts[2]) == pytest.approx(1000, rel=0.1)
    assert len(division.parts[0]) >= 0.5 * 0.72 * 5_000
    for part in division.parts:
        assert labels[part].mean() == pytest.approx(positive, abs=0.05)
    other = divide(keys, labels, SHARES, 2)
    assert other is not None
    assert not np.array_equal(other.parts[1], division.parts[1])


def test_small_clusters_are_placed_without_a_loss() -> None:
    keys = [(n // 3, n // 3 + 1000) for n in range(600)]
    division = divide(keys, np.arange(600) % 2, SHARES, 0)
    assert division is not None
    assert division.dropped == 0
    assert [len(part) for part in division.parts] == pytest.approx([432, 48, 120], abs=3)


def test_a_star_cannot_be_divided() -> None:
    assert divide([("hub", n) for n in range(60)], np.arange(60) % 2, SHARES, 0) is None


@busy
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1, max_size=80))
def test_apart_leaves_a_key_in_one_part(rows: list[tuple[int, int]]) -> None:
    keys = [(key,) for key, _ in rows]
    parts = [np.flatnonzero([part == number for _, part in rows]).astype(np.int64) for number in range(3)]
    left = apart(keys, parts)
    held = [{key for row in part.tolist() for key in keys[row]} for part in left]
    assert sum(map(len, held)) == len(set().union(*held)) == len({key for key, _ in rows})


def code(number: int) -> str:
    return f"int f{number}(int x) {{ return x + {number}; }}"


def write_pairs(root: Path, functions: int, count: int, **more: object) -> DatasetConfig:
    keys, labels = random_pairs(functions, count, 5)
    rows = [
        {"code1": code(first), "code2": code(second), "label": int(label), "exercise": f"exercise {row % 25}"}
        for row, ((first, second), label) in enumerate(zip(keys, labels, strict=True))
    ]
    write_jsonl(root / "train.jsonl", rows)
    return dataclasses.replace(DatasetConfig(name="pairs", root=str(root)), **more)


def assert_nothing_shared(corpus: Corpus) -> None:
    overlaps = count_overlaps(corpus)
    assert (overlaps.valid.twin_functions, overlaps.test.twin_functions, overlaps.valid_and_test) == (0, 0, 0)


def test_pairs_that_hang_together_are_cut_and_the_report_says_how_many_are_lost(tmp_path: Path) -> None:
    corpus = load_corpus(write_pairs(tmp_path, 600, 900), 1)
    assert_nothing_shared(corpus)
    lost = 900 - sum(len(corpus.splits[split]) for split in SplitName)
    assert lost > 0
    assert any(f"{lost:,} of them" in note and "were dropped" in note for note in corpus.notes)
    assert len(corpus.splits[SplitName.TEST]) == pytest.approx(180, rel=0.2)
    rows = corpus.rows[SplitName.UNLABELED]
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    found = [corpus.functions[pair.ids[0]].code for pair in corpus.splits[SplitName.UNLABELED]]
    assert found == [
        function_text(json.loads(lines[row])["code1"]) for row in rows
    ]  # recorded predictions find their rows


def test_pairs_that_cannot_be_cut_come_with_a_warning(tmp_path: Path) -> None:
    rows = [{"code1": "f()", "code2": f"g({n})", "label": n % 2} for n in range(60)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    corpus = load_corpus(DatasetConfig(name="pairs", root=str(tmp_path)), 1)
    assert any("too many to divide" in note for note in corpus.notes)
    assert any(text.startswith("Do not trust scores on valid: 100 %") for text in count_overlaps(corpus).sentences())


def test_a_group_of_the_user_is_in_one_split_of_pairs(tmp_path: Path) -> None:
    cfg = write_pairs(tmp_path, 3_000, 1_000, columns={"group": "exercise"})
    corpus = load_corpus(cfg, 1)
    assert_nothing_shared(corpus)
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    training = np.concatenate([corpus.rows[split] for split in (SplitName.LABELED, SplitName.UNLABELED)])
    sets = [
        {rows[row]["exercise"] for row in part}
        for part in (training, corpus.rows[SplitName.VALID], corpus.rows[SplitName.TEST])
    ]
    assert all(sets)
    assert len(set().union(*sets)) == sum(map(len, sets))
    assert len(corpus.splits[SplitName.TEST]) == pytest.approx(200, rel=0.4)


def write_samples(root: Path, teams: int, name: str = "train", count: int = 300) -> DatasetConfig:
    rows = [{"code": f"{name}({n})", "label": n // teams % 2, "team": f"team {n % teams}"} for n in range(count)]
    write_jsonl(root / f"{name}.jsonl", rows)
    return DatasetConfig(name="samples", root=str(root), columns={"group": "team"})


def test_a_group_of_the_user_is_in_one_split_of_samples(tmp_path: Path) -> None:
    corpus = load_corpus(write_samples(tmp_path, 30), 1)
    sets = [
        {corpus.functions[sample.ids[0]].group for split in splits for sample in corpus.splits[split]}
        for splits in ((SplitName.LABELED, SplitName.UNLABELED), (SplitName.VALID,), (SplitName.TEST,))
    ]
    assert all(sets)
    assert len(set().union(*sets)) == sum(map(len, sets))
    assert len(corpus.splits[SplitName.TEST]) == pytest.approx(60, abs=10)
    for split in SplitName:
        assert corpus.labels(split).mean() == pytest.approx(0.5, abs=0.1)


def test_too_few_groups_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="team has 2 groups") as caught:
        load_corpus(write_samples(tmp_path, 2), 1)
    assert "leave dataset.columns.group out" in caught.value.hint


def test_a_given_valid_that_shares_functions_or_groups_with_the_training_is_not_to_be_trusted(tmp_path: Path) -> None:
    cfg = write_samples(tmp_path, 30)
    write_samples(tmp_path, 30, "valid", 40)
    corpus = load_corpus(cfg, 1)
    assert any("40 of the 40 examples of valid have a group" in note for note in corpus.notes)
    assert not any("Do not trust" in text for text in count_overlaps(corpus).sentences())
    lines = (tmp_path / "train.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "valid.jsonl").write_text("".join(lines[:60]))
    (sentence,) = [text for text in count_overlaps(load_corpus(cfg, 1)).sentences() if "Do not trust" in text]
    assert sentence.startswith("Do not trust scores on valid:")
