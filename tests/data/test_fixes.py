"""The reader of functions before and after a fix."""

import json
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import Corpus, SplitName
from avatar.measure.baselines import evaluate_baselines
from avatar.pipeline.stage_01_dataset import fingerprint
from reader_folders import WRITERS


def rows(count: int = 60) -> list[dict[str, str]]:
    """Functions that call strcpy before the fix, and strncpy after it."""
    names = np.random.default_rng(0).permutation(count)
    body = "void f_{0}(char *a, char *b) {{\n  int x = {0};\n  {1}(a, b);\n}}\n"
    return [
        {"old": body.format(name, "strcpy"), "new": body.format(name, "strncpy"), "repo": f"r{name % 7}"}
        for name in names
    ]


def config(
    folder: Path, suffix: str = "jsonl", made: list[dict[str, str]] | None = None, group: str = ""
) -> DatasetConfig:
    WRITERS[suffix](folder / f"train.{suffix}", rows() if made is None else made)
    columns = {"before": "old", "after": "new", "group": group}
    return DatasetConfig(name="fixes", root=str(folder), columns=columns, language="c")


def split_of(corpus: Corpus) -> dict[str, SplitName]:
    return {example.ids[0]: split for split, examples in corpus.splits.items() for example in examples}


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_both_versions_are_in_one_split(suffix: str, tmp_path: Path) -> None:
    corpus = load_corpus(config(tmp_path, suffix), 1)
    assert len(corpus.fixes) == 60
    halves = (SplitName.LABELED, SplitName.UNLABELED)
    where = {name: "train" if split in halves else split.value for name, split in split_of(corpus).items()}
    assert all(where[before] == where[after] for before, after in corpus.fixes)
    label = {example.ids[0]: example.label for examples in corpus.splits.values() for example in examples}
    assert all((label[before], label[after]) == (1, 0) for before, after in corpus.fixes)
    before, after = corpus.fix_rows(SplitName.TEST) or ([], [])
    assert len(before) == len(corpus.splits[SplitName.TEST]) / 2 > 0
    for one, other in zip(before, after, strict=True):
        texts = [corpus.functions[corpus.splits[SplitName.TEST][row].ids[0]].code for row in (one, other)]
        assert texts[0].replace("strcpy", "strncpy") == texts[1]


def test_fixes_of_one_repository_and_chains_of_fixes_stay_together(tmp_path: Path) -> None:
    made = rows()
    made[1]["old"] = made[0]["new"]  # the second fix of the same function
    corpus = load_corpus(config(tmp_path, made=made, group="repo"), 1)
    splits = split_of(corpus)
    parts: dict[str, set[str]] = {}
    for row, (before, after) in zip(made, corpus.fixes, strict=True):
        for name in (before, after):
            parts.setdefault(row["repo"], set()).add(splits[name].value.split("_")[0])
    assert all(len(part) == 1 for part in parts.values())
    assert parts[made[0]["repo"]] == parts[made[1]["repo"]]
    assert any("1 functions are after one fix and before another" in note for note in corpus.notes)


def test_a_change_of_whitespace_is_no_fix(tmp_path: Path) -> None:
    made = rows()
    made[5]["new"] = made[5]["old"].replace("  ", "\t")
    corpus = load_corpus(config(tmp_path, made=made), 1)
    assert len(corpus.fixes) == 59
    assert "1 fixes that change only whitespace were left out." in corpus.notes
    with pytest.raises(DataError, match=r"no fix in train.jsonl changes more than whitespace"):
        load_corpus(config(tmp_path, made=[{**row, "new": row["old"]} for row in made]), 1)


def test_fixes_change_the_key_and_give_a_score(tmp_path: Path) -> None:
    corpus = load_corpus(config(tmp_path), 1)
    without = Corpus(corpus.name, corpus.task, corpus.functions, corpus.splits)
    assert fingerprint(corpus) != fingerprint(without)
    members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
    scores = evaluate_baselines(corpus, members, labels, seed=1)
    assert scores["tfidf"].as_dict()["pairwise_accuracy"] == 1.0
    assert "pairwise_accuracy" not in evaluate_baselines(without, members, labels, seed=1)["tfidf"].as_dict()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    cfg = config(tmp_path)
    (tmp_path / "train.jsonl").write_text(json.dumps({"old": "int f() {}"}) + "\n")
    with pytest.raises(DataError, match=r"train.jsonl:1: no field 'new'"):
        load_corpus(cfg, 1)
