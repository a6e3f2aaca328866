"""The reader of groups of clones: its splits, its columns, its notes, and its errors with file and line."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import AvatarError, ConfigError, DataError
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import SplitName, Task
from reader_folders import WRITERS, body, group_rows, groups, groups_in_one_file, write_jsonl

HALVES = (SplitName.LABELED, SplitName.UNLABELED)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_each_format_gives_the_same_corpus(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    expected, corpus = (
        load_corpus(groups(tmp_path / name, kind), 1) for name, kind in (("first", "jsonl"), ("second", suffix))
    )
    assert corpus.task is Task.EMBEDDING
    assert corpus.task.arity == 1
    assert (corpus.functions, corpus.splits) == (expected.functions, expected.splits)
    assert corpus.num_labels == 12 + 3 + 4 + 3
    assert corpus.languages == ("c", "java")
    assert set(corpus.function_languages(SplitName.TEST)) == {"c", "java"}


def test_functions_of_one_label_have_the_same_group(tmp_path: Path) -> None:
    corpus = load_corpus(groups(tmp_path), 1)
    for split in SplitName:
        by_label: dict[int, set[str]] = {}
        for sample in corpus.splits[split]:
            by_label.setdefault(sample.label, set()).add(corpus.functions[sample.ids[0]].group)
        assert all(len(names) == 1 for names in by_label.values())


def test_one_file_is_divided_by_whole_groups(tmp_path: Path) -> None:
    cfg = groups_in_one_file(tmp_path)
    first, other = load_corpus(cfg, 1), load_corpus(cfg, 2)
    sizes = {split: len(first.splits[split]) for split in SplitName}
    assert sum(sizes.values()) == 24 * 3 + 1
    assert abs(sizes[SplitName.TEST] - 0.2 * 73) <= 3
    assert abs(sizes[SplitName.VALID] - 0.08 * 73) <= 3
    assert abs(sizes[SplitName.LABELED] - sizes[SplitName.UNLABELED]) <= 4
    assert set(first.labels(SplitName.TEST)) != set(other.labels(SplitName.TEST))
    assert any("taken from the training data by whole groups" in note for note in first.notes)


def test_source_rows_lead_back_to_the_training_files(tmp_path: Path) -> None:
    labeled, unlabeled = group_rows("l", 3), group_rows("u", 4)
    write_jsonl(tmp_path / "train_labeled.jsonl", [labeled[0], *labeled])  # its first row is there twice
    write_jsonl(tmp_path / "train_unlabeled.jsonl", unlabeled)
    for split in ("valid", "test"):
        write_jsonl(tmp_path / f"{split}.jsonl", group_rows(split, 2))
    corpus = load_corpus(DatasetConfig(name="groups", root=str(tmp_path)), 1)
    both = [labeled[0], *labeled, *unlabeled]
    for split in HALVES:
        assert corpus.source_rows[split] == len(both)
        found = [corpus.functions[sample.ids[0]].group for sample in corpus.splits[split]]
        assert found == [both[row]["group"] for row in corpus.rows[split]]
    assert any("1 rows repeat the body" in note for note in corpus.notes)


def test_a_group_of_one_function_is_kept_and_noted(tmp_path: Path) -> None:
    corpus = load_corpus(groups(tmp_path), 1)
    counts = np.bincount(np.concatenate([corpus.labels(split) for split in HALVES]))
    assert sorted(counts[counts > 0].tolist()) == [1] + [3] * 12
    assert "1 of the 13 training groups have one function; these are used as negatives only." in corpus.notes


def test_a_share_takes_whole_groups(tmp_path: Path) -> None:
    cfg = dataclasses.replace(groups_in_one_file(tmp_path), share=0.5)
    whole, part = load_corpus(dataclasses.replace(cfg, share=1.0), 1), load_corpus(cfg, 1)
    for split in HALVES:
        before, after = (np.bincount(some.labels(split), minlength=25) for some in (whole, part))
        assert set(after[after > 0]) <= {1, 3}
        assert after.sum() == pytest.approx(before.sum() / 2, abs=3)
    assert part.splits[SplitName.TEST] == whole.splits[SplitName.TEST]


def test_rows_are_kept_by_licence(tmp_path: Path) -> None:
    rows = [{**row, "licence": ("MIT", "other")[number % 2]} for number, row in enumerate(group_rows("a", 40, 4))]
    write_jsonl(tmp_path / "train.jsonl", rows)
    columns = {"code": "code", "group": "group", "licence": "licence"}
    cfg = DatasetConfig(name="groups", root=str(tmp_path), columns=columns, licences=["MIT"])
    corpus = load_corpus(cfg, 1)
    assert len(corpus.functions) == 81
    assert any("81 of 161 rows have one of the licences MIT" in note for note in corpus.notes)
    with pytest.raises(DataError, match=r"no row of train has one of the licences GPL") as caught:
        load_corpus(dataclasses.replace(cfg, licences=["GPL"]), 1)
    assert "MIT (81 rows)" in caught.value.hint
    with pytest.raises(ConfigError, match="no column has the licence"):
        load_corpus(dataclasses.replace(cfg, columns={}), 1)


def refused(tmp_path: Path, row: object, line: int = 2) -> AvatarError:
    cfg = groups(tmp_path)
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    import json

    lines[line - 1] = row if isinstance(row, str) else json.dumps(row)
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(AvatarError) as caught:
        load_corpus(cfg, 1)
    assert caught.value.exit_status == 2
    return caught.value


GOOD = {"code": body("x"), "group": "g", "language": "c"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{ not json", "malformed JSON"),
        ({**GOOD, "group": None}, r"the group \('group'\) is missing"),
        ({**GOOD, "group": " "}, r"the group \('group'\) is ' '"),
        ({**GOOD, "group": 1.5}, r"the group \('group'\) is 1.5"),
        ({**GOOD, "group": True}, r"the group \('group'\) is True"),
        ({**GOOD, "code": ""}, "'code' is an empty function"),
        ({**GOOD, "code": 3}, "'code' is a int"),
        ({**GOOD, "language": 3}, "'language' is 3; a language must be text"),
        ({"code": body("x"), "language": "c"}, "no field 'group'"),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(tmp_path: Path, row: object, problem: str) -> None:
    import re

    message = refused(tmp_path, row).message
    assert re.search(problem, message), message
    assert "train.jsonl:2" in message


def test_a_group_in_two_files_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, {**GOOD, "group": "test1"}).message
    assert "test.jsonl:4" in message
    assert "train.jsonl:2" in message
    assert "'test1'" in message


def test_files_without_clones_are_refused(tmp_path: Path) -> None:
    cfg = groups(tmp_path)
    write_jsonl(tmp_path / "valid.jsonl", group_rows("valid", 3, members=1))
    with pytest.raises(DataError, match="no two of the 4 functions of the split valid have the same group"):
        load_corpus(cfg, 1)


@pytest.mark.skipif("AVATAR_DATA" not in os.environ, reason="needs data/solutions")
def test_solutions_are_read_by_their_config_alone() -> None:
    from omegaconf import OmegaConf

    path = Path(__file__).parents[2] / "conf" / "dataset" / "solutions.yaml"
    cfg = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DatasetConfig), OmegaConf.load(path)))
    assert isinstance(cfg, DatasetConfig)
    corpus = load_corpus(dataclasses.replace(cfg, licences=["MIT"]), 1)
    assert len(corpus.functions) > 17_000
    assert {"java", "python", "cpp", "go", "typescript", "rust"} <= set(corpus.languages)
