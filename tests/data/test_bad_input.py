"""Invalid input gives one message with the file and line, and exit status 2."""

import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from avatar.common.errors import AvatarError, ConfigError, DataError
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.tables.fields import as_label, label_field
from avatar.tables.formats import table_rows
from reader_folders import (
    WRITERS,
    bcb,
    bcb_hub,
    devign,
    devign_indexed,
    own_samples,
    pairs,
    reveal_json,
    write_parquet,
)


def set_line(path: Path, number: int, line: str | bytes) -> None:
    lines = path.read_bytes().splitlines()
    lines[number - 1] = line if isinstance(line, bytes) else line.encode()
    path.write_bytes(b"\n".join(lines) + b"\n")


def set_row(path: Path, number: int, **changes: object) -> None:
    row = json.loads(path.read_text().splitlines()[number - 1])
    set_line(path, number, json.dumps({**row, **changes}))


def only_label(path: Path, label: int) -> None:
    rows = [{**json.loads(line), "target": label} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def not_utf8(path: Path, column: str) -> None:
    table = parquet.read_table(path)
    text = pyarrow.array([b"f(\xe9)"] * table.num_rows, pyarrow.binary()).view(pyarrow.string())
    parquet.write_table(table.set_column(table.column_names.index(column), column, text), path)


def twice(path: Path, column: str) -> None:
    table = parquet.read_table(path)
    parquet.write_table(table.append_column(column, table.column(column)), path)


def make_folder(root: Path) -> None:
    (root / "test.jsonl").unlink()
    (root / "test.jsonl").mkdir()


Case = tuple[Callable[[Path], DatasetConfig], Callable[[Path], None], list[str]]

CASES: dict[str, Case] = {
    "malformed JSON": (
        bcb,
        lambda root: set_line(root / "data.jsonl", 5, '{"idx": "a", '),
        ["data.jsonl:5", "JSON"],
    ),
    "no object": (bcb, lambda root: set_line(root / "data.jsonl", 5, "[1, 2]"), ["data.jsonl:5", "a list"]),
    "deep JSON": (devign, lambda root: set_line(root / "test.jsonl", 2, "[" * 10**6), ["test.jsonl:2"]),
    "a missing key": (
        devign,
        lambda root: set_line(root / "test.jsonl", 3, '{"func": "f()", "taget": 1}'),
        ["test.jsonl:3", "no field 'target'", "did you mean 'taget'"],
    ),
    "a pair without function": (
        bcb,
        lambda root: set_line(root / "test.txt", 4, "nobody\ttest1\t0"),
        ["test.txt:4", "the id 'nobody' is not in data.jsonl"],
    ),
    "a pair of two fields": (bcb, lambda root: set_line(root / "test.txt", 4, "test0 test1"), ["test.txt:4"]),
    "a pair's label out of range": (
        bcb,
        lambda root: set_line(root / "valid.txt", 2, "valid0\tvalid1\t2"),
        ["valid.txt:2", "label '2' is out of range"],
    ),
    "a label out of range": (
        devign,
        lambda root: set_row(root / "train.jsonl", 7, target=-1),
        ["train.jsonl:7", "label -1 is out of range"],
    ),
    "a label of null": (
        devign,
        lambda root: set_row(root / "train.jsonl", 7, target=None),
        ["train.jsonl:7", "the label is missing"],
    ),
    "a label of NaN": (
        devign,
        lambda root: set_row(root / "train.jsonl", 7, target=float("nan")),
        ["train.jsonl:7", "nan is out of range"],
    ),
    "bytes that are not UTF-8": (
        devign,
        lambda root: set_line(root / "valid.jsonl", 3, b'{"func": "f(\xe9)", "target": 0}'),
        ["valid.jsonl:3", "byte 13", "0xe9", "not UTF-8", "iconv -f LATIN1 -t UTF-8"],
    ),
    "UTF-16": (
        devign,
        lambda root: (root / "valid.jsonl").write_text('{"func": "f()", "target": 0}', encoding="utf-16"),
        ["valid.jsonl:1", "iconv -f UTF-16"],
    ),
    "pairs that are not UTF-8": (
        bcb,
        lambda root: set_line(root / "test.txt", 2, b"\xff"),
        ["test.txt:2", "iconv"],
    ),
    "half a surrogate": (
        devign,
        lambda root: set_line(root / "test.jsonl", 2, r'{"func": "f(\ud800)", "target": 0}'),
        ["test.jsonl:2", "surrogate"],
    ),
    "an empty function": (
        devign,
        lambda root: set_row(root / "train.jsonl", 11, func=" \n\t"),
        ["train.jsonl:11", "empty function"],
    ),
    "a function that is no text": (
        bcb,
        lambda root: set_row(root / "data.jsonl", 6, func=None),
        ["data.jsonl:6", "NoneType"],
    ),
    "an id that is none": (
        bcb,
        lambda root: set_row(root / "data.jsonl", 6, idx=1.5),
        ["data.jsonl:6", "1.5"],
    ),
    "one id, two bodies": (
        bcb,
        lambda root: set_row(
            root / "data.jsonl", 2, idx=json.loads((root / "data.jsonl").read_text().split("\n")[0])["idx"]
        ),
        ["data.jsonl:2", "already belongs"],
    ),
    "an empty split": (devign, lambda root: (root / "test.jsonl").write_text(""), ["split test is empty"]),
    "a split of one class": (
        devign,
        lambda root: only_label(root / "valid.jsonl", 1),
        ["all 8 examples of valid have the label 1", "both classes"],
    ),
    "a training of one class": (
        devign,
        lambda root: only_label(root / "train.jsonl", 0),
        ["of train_labeled", "label 0"],
    ),
    "a missing half": (
        bcb,
        lambda root: (root / "train_label.txt").unlink(),
        ["train_unlabel.txt", "train_label.txt"],
    ),
    "a folder where a file should be": (
        pairs,
        make_folder,
        ["test.jsonl is not a file"],
    ),
    "an index without entry": (
        devign_indexed,
        lambda root: set_line(root / "test.txt", 3, "60"),
        ["test.txt:3", "'60', which is not an index", "0 to 59"],
    ),
    "an index that is no number": (
        devign_indexed,
        lambda root: set_line(root / "test.txt", 3, "-1"),
        ["test.txt:3"],
    ),
    "no list": (
        reveal_json,
        lambda root: (root / "vulnerables.json").write_text("{}") and None,
        ["vulnerables.json", "one JSON list"],
    ),
    "malformed list": (
        reveal_json,
        lambda root: (root / "vulnerables.json").write_text('[{"code": "f()"},\n{"code": }]') and None,
        ["vulnerables.json:2", "malformed JSON"],
    ),
    "an entry without code": (
        reveal_json,
        lambda root: (root / "vulnerables.json").write_text('[{"code": "f()"}, {}]') and None,
        ["vulnerables.json, entry 1", "no field 'code'"],
    ),
    "a broken parquet": (
        bcb_hub,
        lambda root: (root / "data" / "test-00000-of-00002.parquet").write_bytes(b"PAR1") and None,
        ["test-00000-of-00002.parquet", "as parquet"],
    ),
    "a parquet whose text is not UTF-8": (
        bcb_hub,
        lambda root: not_utf8(root / "data" / "test-00000-of-00002.parquet", "func1"),
        ["test-00000-of-00002.parquet, rows 0 to 4", "not UTF-8"],
    ),
    "a parquet of functions whose text is not UTF-8": (
        lambda root: own_samples(root, "parquet"),
        lambda root: not_utf8(root / "mine.parquet", "text"),
        ["mine.parquet, rows 0 to", "not UTF-8"],
    ),
    "a parquet without column": (
        bcb_hub,
        lambda root: write_parquet(root / "data" / "test-00000-of-00002.parquet", [{"id1": 1, "id2": 2}]),
        ["no column 'func1'", "available: id1, id2"],
    ),
    "a parquet with a column twice": (
        bcb_hub,
        lambda root: twice(root / "data" / "test-00000-of-00002.parquet", "func1"),
        ["test-00000-of-00002.parquet", "2 columns are called 'func1'", "rename"],
    ),
    "a parquet of functions with a column twice": (
        lambda root: own_samples(root, "parquet"),
        lambda root: twice(root / "mine.parquet", "bad"),
        ["mine.parquet", "2 columns are called 'bad'"],
    ),
    "a csv with a column twice": (
        lambda root: own_samples(root, "csv"),
        lambda root: (root / "mine.csv").write_text("text,bad,bad\nf(),1,0\n") and None,
        ["mine.csv:1", "2 columns are called 'bad'"],
    ),
    "a csv without column": (
        lambda root: own_samples(root, "csv"),
        lambda root: set_line(root / "mine.csv", 1, "txt,bad,team"),
        ["mine.csv:1", "no column 'text'", "did you mean 'txt'"],
    ),
    "a csv row of too few fields": (
        lambda root: own_samples(root, "csv"),
        lambda root: (root / "mine.csv").write_text('text,bad,team\n"f(\n1)",1,a\n\nf(2)\n') and None,
        ["mine.csv:5", "1 fields, but the header has 3"],
    ),
    "a csv with an open quote": (
        lambda root: own_samples(root, "csv"),
        lambda root: (root / "mine.csv").write_text('text,bad,team\n"f(1),1,a\n') and None,
        ["mine.csv:2", "malformed csv"],
    ),
    "a csv label out of range": (
        lambda root: own_samples(root, "csv"),
        lambda root: (root / "mine.csv").write_text('text,bad,team\n"f(\n1)",1,a\nf(2),7,a\n') and None,
        ["mine.csv:4", "'7' is out of range"],
    ),
    "a csv that is not UTF-8": (
        lambda root: own_samples(root, "csv"),
        lambda root: set_line(root / "mine.csv", 3, b"f(\xe9),1,a"),
        ["mine.csv:3", "iconv"],
    ),
    "a parquet label out of range": (
        lambda root: own_samples(root, "parquet"),
        lambda root: write_parquet(root / "mine.parquet", [{"text": "f()", "bad": 3, "team": "a"}]),
        ["mine.parquet, row 0", "3 is out of range"],
    ),
    "an empty csv": (
        lambda root: own_samples(root, "csv"),
        lambda root: (root / "mine.csv").write_text("") and None,
        ["mine.csv:1", "no column 'text'"],
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_bad_data_gives_one_clear_message(case: str, tmp_path: Path):
    build, damage, expected = CASES[case]
    cfg = build(tmp_path)
    load_corpus(cfg, 1)
    damage(tmp_path)
    with pytest.raises(AvatarError) as caught:
        load_corpus(cfg, 1)
    assert caught.value.exit_status == 2
    for words in expected:
        assert words in str(caught.value)


CONFIGS: dict[str, tuple[dict[str, object], list[str]]] = {
    "unknown split": ({"files": {"train": "train.jsonl", "holdout": "valid.jsonl"}}, ["no split 'holdout'", "valid"]),
    "two files for a split": (
        {"files": {"train": "train.jsonl", "dev": "valid.jsonl", "valid": "test.jsonl"}},
        ["two files for valid", "dataset.files.valid"],
    ),
    "a file for two splits": (
        {"files": {"train": "train.jsonl", "test": "train.jsonl"}},
        ["train.jsonl for two splits"],
    ),
    "unknown field": ({"columns": {"cod1": "a"}}, ["no field 'cod1'", "did you mean 'code1'"]),
    "no training": ({"files": {"test": "test.jsonl"}}, ["needs a file for train", "files given: test"]),
    "one half": ({"files": {"train_labeled": "train.jsonl"}}, ["needs a file for train"]),
    "train and a half": (
        {"files": {"train": "train.jsonl", "train_labeled": "valid.jsonl"}},
        ["needs a file for train"],
    ),
    "no such file": (
        {"files": {"train": "trian.jsonl"}},
        ["is not a file", "trian.jsonl", "contains: ", "train.jsonl"],
    ),
    "unknown format": ({"files": {"train": "train.xlsx"}}, [".xlsx", "available: .jsonl, .csv, .parquet"]),
    "missing column": ({"columns": {"code1": "left"}}, ["train.jsonl:1", "no field 'left'", "code1, code2"]),
}


@pytest.mark.parametrize("case", sorted(CONFIGS))
def test_bad_files_and_columns_give_one_clear_message(case: str, tmp_path: Path):
    changes, expected = CONFIGS[case]
    cfg = dataclasses.replace(pairs(tmp_path), **changes)
    with pytest.raises(AvatarError) as caught:
        load_corpus(cfg, 1)
    assert caught.value.exit_status == 2
    for words in expected:
        assert words in str(caught.value)


def test_two_files_for_one_split_are_ambiguous(tmp_path: Path):
    cfg = pairs(tmp_path, "jsonl")
    (tmp_path / "train.csv").write_text("code1,code2,label\n")
    with pytest.raises(ConfigError, match=r"train\.csv and train\.jsonl"):
        load_corpus(cfg, 1)


@pytest.mark.parametrize("other", ["validation.csv", "dev.parquet", "Val.jsonl", "valid.json", "validation.csv.gz"])
def test_two_names_of_one_split_are_ambiguous(other: str, tmp_path: Path):
    cfg = pairs(tmp_path, "jsonl")
    (tmp_path / other).write_text("")
    with pytest.raises(ConfigError, match="more than one file for valid") as caught:
        load_corpus(cfg, 1)
    assert other in caught.value.message


@pytest.mark.parametrize("name", ["valid.json", "dev.tsv", "validation.csv.gz"])
def test_a_split_in_another_format_is_not_ignored(name: str, tmp_path: Path):
    cfg = pairs(tmp_path, "jsonl")
    (tmp_path / "valid.jsonl").rename(tmp_path / name)
    with pytest.raises(ConfigError, match="not a supported format") as caught:
        load_corpus(cfg, 1)
    assert name in caught.value.message
    assert ".jsonl, .csv, .parquet" in caught.value.hint


LABELS: dict[str, tuple[object, int | None]] = {
    "zero": (0, 0),
    "one": (1, 1),
    "whole float": (1.0, 1),
    "negative zero": (-0.0, 0),
    "truth": (True, 1),
    "untruth": (False, 0),
    "text": ("1", 1),
    "text of a float": (" 1.0", 1),
    "text of a float by numpy.savetxt": ("1.000000000000000000e+00", 1),
    "text of another float": ("0.", 0),
    "text of truth": ("True", 1),
    "text of untruth": ("FALSE", 0),
    "two": (2, None),
    "half": (0.5, None),
    "text of a half": ("0.5", None),
    "minus one": (-1.0, None),
    "word": ("yes", None),
    "text of NaN": ("nan", None),
    "digits of another script": ("١", None),
    "nothing": (None, None),
    "empty text": ("", None),
}


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("case", sorted(LABELS))
def test_a_label_means_the_same_in_every_format(case: str, suffix: str, tmp_path: Path):
    value, expected = LABELS[case]
    rows = [{"code": "f()", "label": value}, {"code": "g()", "label": value}]
    path = tmp_path / f"train.{suffix}"
    WRITERS[suffix](path, rows)
    rows = list(table_rows(path, ("code", "label")))
    if expected is not None:
        assert [label_field(row, "label", where) for where, row in rows] == [expected] * 2
        return
    where, row = rows[1]
    with pytest.raises(DataError, match=r"label .* (is out of range|is missing)|the label is missing") as caught:
        label_field(row, "label", where)
    assert caught.value.message.startswith(str(path))
    assert caught.value.message.split(": ")[0].endswith({"jsonl": ":2", "csv": ":3", "parquet": "row 1"}[suffix])


def test_a_decimal_of_parquet_is_a_number(tmp_path: Path):
    assert [as_label(Decimal(text), "here") for text in ("1", "1.00", "0.0")] == [1, 1, 0]
