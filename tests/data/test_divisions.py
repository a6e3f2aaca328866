"""Divisions of a data set: by project, and anew by seed; the rows of the files are kept."""

from pathlib import Path

import numpy as np
import pytest

from avatar.checks.registered import names
from avatar.common.errors import ConfigError
from avatar.config.schema import Config, DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import Corpus, SplitName
from avatar.pipeline.stage_01_dataset import fingerprint
from reader_folders import devign, groups, own_samples, pairs, reveal, samples, stdlib, write_jsonl

TRAINING = (SplitName.LABELED, SplitName.UNLABELED)


def projects(corpus: Corpus, split: SplitName) -> set[str]:
    return {corpus.functions[example.ids[0]].group for example in corpus.splits[split]}


def by_project(cfg: DatasetConfig, *test: str) -> DatasetConfig:
    cfg.split, cfg.test_projects, cfg.valid_share = "project", list(test), 0.4
    return cfg


def test_one_project_is_test_and_the_others_are_training_and_valid(tmp_path: Path) -> None:
    corpus = load_corpus(by_project(devign(tmp_path), "qemu"), 1)
    assert projects(corpus, SplitName.TEST) == {"qemu"}
    for split in (*TRAINING, SplitName.VALID):
        assert projects(corpus, split) == {"FFmpeg"}
    assert sum(map(len, corpus.splits.values())) == 60  # of all three files
    swapped = load_corpus(by_project(devign(tmp_path), "FFmpeg"), 1)
    assert projects(swapped, SplitName.TEST) == {"FFmpeg"}
    assert fingerprint(swapped) != fingerprint(corpus)
    assert any("Test has the 45 examples of qemu" in note for note in corpus.notes)


def test_test_is_the_same_for_every_seed_and_valid_is_not(tmp_path: Path) -> None:
    cfg = by_project(reveal(tmp_path), "qemu")
    one, two = (load_corpus(cfg, seed) for seed in (1, 2))
    assert one.splits[SplitName.TEST] == two.splits[SplitName.TEST]
    assert one.splits[SplitName.VALID] != two.splits[SplitName.VALID]


def test_a_function_of_test_is_not_in_the_training(tmp_path: Path) -> None:
    rows = samples("all", 60)
    rows[0]["func"] = rows[59]["func"]  # the first is FFmpeg's, the last is qemu's
    write_jsonl(tmp_path / "functions.jsonl", rows)
    corpus = load_corpus(by_project(DatasetConfig(name="reveal", root=str(tmp_path)), "qemu"), 1)
    assert len(corpus.splits[SplitName.TEST]) == 45
    assert sum(map(len, corpus.splits.values())) == 59
    assert any("1 of these were dropped" in note for note in corpus.notes)


@pytest.mark.parametrize("make", [devign, reveal, own_samples, pairs])
def test_all_examples_are_divided_anew(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cfg = make(tmp_path)
    given = load_corpus(cfg, 1)
    cfg.split = "stratified"
    one, again, two = (load_corpus(cfg, seed) for seed in (1, 1, 2))
    assert fingerprint(one) == fingerprint(again) != fingerprint(two)
    total = sum(map(len, given.splits.values()))
    if make in (devign, reveal):  # others share functions, so that some examples are dropped
        assert sum(map(len, one.splits.values())) == total
    ids = [{name for example in one.splits[split] for name in example.ids} for split in SplitName]
    assert not ids[2] & (ids[0] | ids[1])
    assert not ids[3] & (ids[0] | ids[1] | ids[2])
    shares = [np.mean(one.labels(split)) for split in SplitName]
    assert np.ptp(shares) < 0.25


def test_rows_are_those_of_the_files_together(tmp_path: Path) -> None:
    """So that recorded predictions for all examples, in the order of the files, find theirs."""
    for cfg in (by_project(devign(tmp_path), "qemu"), devign(tmp_path)):
        cfg.split = cfg.split if cfg.test_projects else "stratified"
        corpus = load_corpus(cfg, 1)
        order = [
            row["idx"] for split, count in (("train", 40), ("valid", 8), ("test", 12)) for row in samples(split, count)
        ]
        for split in SplitName:
            assert [example.ids[0] for example in corpus.splits[split]] == [order[row] for row in corpus.rows[split]]
            assert corpus.source_rows[split] == 60


def test_the_given_division_is_as_before(tmp_path: Path) -> None:
    corpus = load_corpus(devign(tmp_path), 1)
    assert [len(corpus.splits[split]) for split in (SplitName.VALID, SplitName.TEST)] == [8, 12]
    assert SplitName.TEST not in corpus.rows


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ([], r"dataset.test_projects is \[\]"),
        (["qemuu"], "names 'qemuu'"),
        (["qemu", "FFmpeg"], "leaves no project for the training"),
    ],
)
def test_projects_that_cannot_be_divided_are_named(test: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        load_corpus(by_project(devign(tmp_path), *test), 1)
    assert "qemu" in error.value.hint


def test_fixes_of_one_project_are_test(tmp_path: Path) -> None:
    rows = [
        {"before": f"int f{n}() {{ return g({n}); }}", "after": f"int f{n}() {{ return h({n}); }}", "repo": "ab"[n % 2]}
        for n in range(40)
    ]
    write_jsonl(tmp_path / "train.jsonl", rows)
    columns = {"before": "before", "after": "after", "group": "repo"}
    cfg = by_project(DatasetConfig(name="fixes", root=str(tmp_path), columns=columns), "b")
    with pytest.raises(ConfigError, match=r"dataset.columns.group=repo has 1 groups"):  # no valid of another project
        load_corpus(cfg, 1)
    others = [{key: text.replace("int f", "int k") for key, text in row.items()} for row in rows]
    rows += [{**row, "repo": f"c{n % 9}"} for n, row in enumerate(others)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    corpus = load_corpus(cfg, 1)
    assert projects(corpus, SplitName.TEST) == {"b"}
    before, after = corpus.fix_rows(SplitName.TEST) or ([], [])
    assert len(before) == len(after) == 20


def test_what_has_no_projects_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the data names no project"):
        load_corpus(by_project(pairs(tmp_path), "a"), 1)
    for make in (groups, stdlib):
        folder = tmp_path / make.__name__
        folder.mkdir()
        cfg = make(folder)
        cfg.split = "stratified"
        with pytest.raises(ConfigError, match="is always divided by whole groups or modules"):
            load_corpus(cfg, 1)
    (problem,) = names(Config(dataset=DatasetConfig(split="projects")))
    assert "dataset.split is 'projects'; did you mean 'project'?" in problem


def test_real_projects(avatar_data: Path) -> None:
    cfg = DatasetConfig(name="devign", root=str(avatar_data / "devign"), language="c")
    corpus = load_corpus(by_project(cfg, "FFmpeg"), 1)
    assert projects(corpus, SplitName.TEST) == {"FFmpeg"}
    assert projects(corpus, SplitName.LABELED) == {"qemu"}
    assert len(corpus.splits[SplitName.TEST]) == 9_754
    cfg = DatasetConfig(name="reveal", root=str(avatar_data / "reveal"), language="c")
    corpus = load_corpus(by_project(cfg, "chrome"), 1)
    assert projects(corpus, SplitName.TEST) == {"chrome"}
    assert projects(corpus, SplitName.VALID) == {"debian"}
    assert len(corpus.splits[SplitName.TEST]) == 1_276
