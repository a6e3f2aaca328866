"""Recorded predictions in every format, and recorded vectors."""

import io
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from mutation import SCALARS, changed_bytes, changed_json, changed_text, dumps, mutated, randoms
from surface import Harness, Surface

from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.teacher.kinds.vectors import function_vectors
from avatar.teacher.predictions import read_predictions

ROWS = 12
DTYPES = (
    "<f8",
    "<f8",
    "<f4",
    ">f8",
    "<f2",
    "<i8",
    "|b1",
    "|u1",
    "<u8",
    "<c16",
    "<U9",
    "|S4",
    "<M8[s]",
    "<m8[s]",
    "|V8",
)
DTYPES += ("|O", "<f16", "<i3", "<f8, <i4", "f", "", "<U99999999999", "|V0", "<U0")
SHAPES = ((ROWS, 2), (ROWS, 2), (ROWS, 1), (ROWS,), (), (0,), (ROWS, 0), (ROWS, 3), (ROWS, 2, 1), (1, ROWS), (-1, 2))
SHAPES += ((10**12, 2), (2**62, 4), (2**64, 1), (10**30,), (ROWS, 2.0), (True, 2), (1,) * 70)
HEADERS = (
    "{}",
    "[]",
    "{'descr': '<f8'}",
    "(((",
    "{'descr'",
    "\0",
    "1" * 9_000,
    "(" * 5_000,
    "{'a': {}}",
    "__import__('os')",
)


def _logits(random: Random) -> list[list[float]]:
    largest = random.choice((1.0, 30.0, 30.0, 30.0, 1e300))
    return [[random.uniform(-largest, largest) for _ in range(2)] for _ in range(ROWS)]


def arrays(random: Random) -> bytes:
    """An npy file: usually one of numpy's, else one with a header of our own."""
    values = np.asarray(_logits(random))
    if random.random() < 0.3:
        with np.errstate(over="ignore", invalid="ignore"):
            others = (values.astype("f4"), values[:, :1] > 0, values.astype("i8"), values[:, 0], values.T)
        values = random.choice(others)
    stream = io.BytesIO()
    kind = random.randrange(12)
    if kind == 0:
        np.savez(stream, values)
        return stream.getvalue()
    if kind < 8:
        np.save(stream, values)
        return stream.getvalue()
    entries = {"descr": random.choice(DTYPES), "fortran_order": random.choice((False, True, 0)), "shape": (ROWS, 2)}
    if random.random() < 0.5:
        entries["shape"] = random.choice(SHAPES)
    if "," in str(entries["descr"]):
        entries["descr"] = [("a", "<f8"), (random.choice(("a", "b", "")), "<i4", random.choice(((), (2,))))]
    text = random.choice(HEADERS) if random.random() < 0.2 else repr(entries)
    header = text.encode("latin-1") + b" " * random.randrange(64) + b"\n"
    version = random.choice((b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\4\0", b"\0\0"))
    size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + header + values.tobytes()


def tables(random: Random, suffix: str) -> bytes:
    """A csv or txt file of logits, probabilities or labels."""
    cells = [[f"{value:.4f}" for value in row] for row in _logits(random)]
    if random.random() < 0.4:
        cells = [["a", "b", str(random.randrange(2))] if suffix == "txt" else [str(random.randrange(2))] for _ in cells]
    separator = "\t" if suffix == "txt" else ","
    lines = [separator.join(row) for row in cells]
    if suffix == "csv" and random.random() < 0.5:
        lines.insert(0, random.choice(("label", "a,b", "prediction,label", "label,label", '"a', "a,", "1,b")))
    if random.random() < 0.3:
        lines[random.randrange(len(lines))] = random.choice(("", '"', "nan,nan", "inf,1", "1e999,0", "0x1,1", "1,2,3"))
    return (random.choice(("\n", "\n", "\r\n", "\r")).join(lines) + "\n").encode()


def lines(random: Random) -> bytes:
    """A jsonl file of labels, lists or objects."""
    kind = random.randrange(3)
    rows: list[Any] = _logits(random)
    if kind == 1:
        rows = [random.randrange(2) for _ in rows]
    elif kind == 2:
        rows = [{"zero": row[0], "one": row[1]} for row in rows]
    return b"".join(dumps(row) + b"\n" for row in mutated(rows, random, changed_json))


def parquet(random: Random) -> bytes:
    """A parquet file whose columns may have any type."""
    columns: dict[str, Any] = {"a": [row[0] for row in _logits(random)], "b": [1.0] * ROWS}
    others = ([None] * ROWS, ["1"] * ROWS, [b"1"] * ROWS, [[1.0, 2.0]] * ROWS, [[]] * ROWS, [{"x": 1}] * ROWS)
    others += (
        [True] * ROWS,
        [pd.Timestamp(0)] * ROWS,
        [[[1]]] * ROWS,
        [[1.0, 2.0], None] * (ROWS // 2),
        [2**63] * ROWS,
    )
    if random.random() < 0.5:
        columns[random.choice("ab")] = random.choice(others)
    if random.random() < 0.3:
        columns = {random.choice(("label", "prediction", "a", "")): random.choice((*others, columns["a"]))}
    stream = io.BytesIO()
    pd.DataFrame(columns).to_parquet(stream)
    return stream.getvalue()


def one(random: Random) -> tuple[str, bytes]:
    """The name of a file and its content."""
    suffix = random.choice(("npy", "npy", "npy", "vectors", "vectors", "csv", "jsonl", "parquet", "txt"))
    if suffix in ("npy", "vectors"):
        content = arrays(random)
    elif suffix in ("csv", "txt"):
        content = tables(random, suffix)
        if random.random() < 0.4:
            content = changed_text(content.decode(), random, [str(one)[:50] for one in SCALARS]).encode(
                "utf-8", "replace"
            )
    else:
        content = lines(random) if suffix == "jsonl" else parquet(random)
    return suffix, mutated(content, random, changed_bytes) if random.random() < 0.2 else content


def make(folder: Path) -> Harness:
    """Each input is read as the predictions, or the vectors, of a data set of `ROWS` examples."""
    functions = {str(number): Function(str(number), f"f({number})") for number in range(ROWS)}
    halves = {SplitName.LABELED: range(4), SplitName.UNLABELED: range(4, ROWS)}
    corpus = Corpus(
        "fuzz",
        Task.EMBEDDING,
        functions,
        {split: tuple(Sample(str(number), number) for number in rows) for split, rows in halves.items()},
        rows={split: np.asarray(rows) for split, rows in halves.items()},
        source_rows=dict.fromkeys(halves, ROWS),
    )

    def run(value: tuple[str, bytes]) -> None:
        suffix, content = value
        path = folder / f"recorded.{'npy' if suffix == 'vectors' else suffix}"
        path.write_bytes(content)
        if suffix == "vectors":
            vectors = function_vectors(path, corpus)
            assert vectors.shape[0] == ROWS
            assert np.isfinite(vectors).all()
        else:
            logits = read_predictions(path, ROWS)
            assert logits.shape == (ROWS, 2)
            assert logits.dtype == np.float32
            assert np.isfinite(logits).all()

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("recorded predictions and vectors", make, short=200)
