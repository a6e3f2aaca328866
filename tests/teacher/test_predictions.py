import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from avatar.common.errors import ConfigError, DataError
from avatar.data.records import Corpus, SplitName
from avatar.teacher.predictions import (
    HARD_LABEL_EPSILON,
    mixed_predictions,
    read_predictions,
    read_split_predictions,
    to_logits,
)

LOGITS = np.asarray([[-2.5, 1.5], [0.25, -0.75], [3.0, -3.0]])


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def write(folder: Path, kind: str, values: np.ndarray) -> Path:
    path = folder / f"predictions.{kind}"
    table = pd.DataFrame(values, columns=[f"c{n}" for n in range(values.shape[1])])
    if kind == "npy":
        np.save(path, values)
    elif kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row.tolist()) + "\n" for row in values))
    return path


@pytest.mark.parametrize("kind", ["npy", "csv", "jsonl", "parquet"])
def test_all_formats_hold_logits_probabilities_and_labels(tmp_path: Path, kind: str) -> None:
    np.testing.assert_allclose(read_predictions(write(tmp_path, kind, LOGITS), 3), LOGITS, rtol=1e-6)
    read = read_predictions(write(tmp_path, kind, softmax(LOGITS)), 3)
    np.testing.assert_allclose(softmax(read), softmax(LOGITS), atol=1e-6)
    labels = read_predictions(write(tmp_path, kind, np.asarray([[1], [0], [1]])), 3)
    e = HARD_LABEL_EPSILON
    np.testing.assert_allclose(softmax(labels), [[e, 1 - e], [1 - e, e], [e, 1 - e]], atol=1e-6)
    assert labels.dtype == np.float32


@given(arrays(np.float64, (4, 2), elements=st.floats(-30, 30)))
def test_probabilities_survive(logits: np.ndarray) -> None:
    read = to_logits(softmax(logits), "here")
    np.testing.assert_allclose(softmax(read.astype(np.float64)), softmax(logits), atol=1e-6)


def test_other_forms(tmp_path: Path) -> None:
    flat = tmp_path / "flat.npy"
    np.save(flat, np.asarray([1, 0]))
    assert read_predictions(flat, 2).argmax(1).tolist() == [1, 0]
    bare = tmp_path / "bare.csv"
    bare.write_text("0.5,-1\n-2,3\n")
    assert read_predictions(bare, 2).tolist() == [[0.5, -1], [-2, 3]]
    tabs = tmp_path / "pairs.txt"
    tabs.write_text("17\t4\t1\n5\t6\t0\n")
    assert read_predictions(tabs, 2).argmax(1).tolist() == [1, 0]
    objects = tmp_path / "objects.jsonl"
    objects.write_text('{"idx": "a7", "label": 1}\n{"idx": "b8", "label": 0}\n')
    assert read_predictions(objects, 2).argmax(1).tolist() == [1, 0]


def test_the_wrong_length_names_both_numbers_and_the_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"3 rows, but the split train_unlabeled has 4 examples") as caught:
        read_predictions(write(tmp_path, "npy", LOGITS), 4)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("kind", ["npy", "csv", "jsonl", "parquet"])
def test_a_label_out_of_range_names_its_row(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DataError, match="row 2: the label is 2"):
        read_predictions(write(tmp_path, kind, np.asarray([[1], [2], [0]])), 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_must_be_finite(tmp_path: Path, value: float) -> None:
    with pytest.raises(DataError, match="row 2 is not finite"):
        read_predictions(write(tmp_path, "npy", np.asarray([[0.0, 1.0], [2.0, value]])), 2)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "x,y\n1,2\n3,oops\n", "row 2, column 'y': 'oops' is not a number"),
        ("a.csv", "x,y\n1,2\n3,\n", "row 2, column 'y'"),
        ("a.csv", "x,y,z\n1,2,3\n", "shape"),
        ("a.csv", "", "not a readable csv"),
        ("a.jsonl", "[1, 2]\n[1, 2\n", "line 2"),
        ("a.jsonl", "[1, 2]\n3\n", "line 2"),
        ("a.jsonl", "[1, 2]\n" + "[" * 100_000 + "\n", "line 2"),
        ("a.jsonl", '[1, 2]\n["x", 3]\n', "row 2, column '0': 'x' is not a number"),
        ("a.npy", "no array", "numpy"),
        ("a.parquet", "no table", "parquet"),
    ],
)
def test_malformed_files_say_where(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=problem):
        read_predictions(tmp_path / name, 2)


@pytest.mark.parametrize("cells", [[[1.0, 2.0], None], [None, [1.0, 2.0]], [{"a": 1}, {"a": 2}]])
def test_a_parquet_row_without_its_list_is_one_clear_error(tmp_path: Path, cells: list[object]) -> None:
    """Found by `make fuzz`."""
    pd.DataFrame({"logits": cells}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row [12], column 'logits': .* is no list"):
        read_predictions(tmp_path / "a.parquet", 2)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.asarray([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="numpy"):
        read_predictions(path, 1)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.txt"):
        (tmp_path / name).write_bytes(b"\xff\xfe1\n")
        with pytest.raises(DataError, match=name):
            read_predictions(tmp_path / name, 1)


def test_unknown_endings_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_text("x")
    with pytest.raises(ConfigError, match="pkl"):
        read_predictions(tmp_path / "a.pkl", 1)
    with pytest.raises(DataError, match="no such file"):
        read_predictions(tmp_path / "b.npy", 1)


def test_a_split_that_keeps_some_rows_gets_their_predictions(tmp_path: Path, corpus: Corpus) -> None:
    split = SplitName.UNLABELED
    kept = np.arange(len(corpus.splits[split])) * 2 + 1
    part = Corpus("part", corpus.task, corpus.functions, corpus.splits, rows={split: kept}, source_rows={split: 200})
    logits = np.random.default_rng(0).normal(size=(200, 2))
    path = write(tmp_path, "npy", logits)
    np.testing.assert_allclose(read_split_predictions(path, part, split), logits[kept], rtol=1e-6)
    with pytest.raises(DataError, match="200 rows"):
        read_split_predictions(path, corpus, split)


def test_teachers_are_mixed_by_their_log_probabilities(tmp_path: Path, corpus: Corpus) -> None:
    split = SplitName.UNLABELED
    count = len(corpus.splits[split])
    random = np.random.default_rng(0)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    logits = [5 * random.normal(size=(count, 2)) for _ in range(2)]
    paths = [write(tmp_path / folder, "npy", values) for folder, values in zip("ab", logits, strict=True)]
    chances = [np.exp(values) / np.exp(values).sum(1, keepdims=True) for values in logits]
    expected = np.sqrt(chances[0] * chances[1])
    expected /= expected.sum(1, keepdims=True)
    product = np.exp(mixed_predictions(paths, corpus, split))
    np.testing.assert_allclose(product / product.sum(1, keepdims=True), expected, rtol=1e-4)
    np.testing.assert_allclose(mixed_predictions(paths[:1], corpus, split), logits[0], rtol=1e-5)


def test_the_papers_logits(avatar_data: Path) -> None:
    logits = read_predictions(avatar_data / "bcb" / "codebert_logits_unlabel.npy", 45051)
    pairs = np.loadtxt(avatar_data / "bcb" / "train_unlabel.txt", dtype=np.int64)
    assert (logits.argmax(1) == pairs[:, 2]).mean() > 0.9
    labels = read_predictions(avatar_data / "bcb" / "codebert_predictions_label.txt", 45051)
    assert set(labels.argmax(1).tolist()) == {0, 1}
