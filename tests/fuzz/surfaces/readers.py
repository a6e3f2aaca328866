"""Data sets of every reader and layout, with one file changed: rows, cells, columns, types or bytes."""

import csv
import datetime
import decimal
import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
from hypothesis import strategies as st
from mutation import SCALARS, changed_bytes, changed_json, changed_text, dumps, mutated, randoms
from pyarrow import parquet
from surface import Harness, Surface

from avatar.data.load import load_corpus
from avatar.data.records import SplitName
from reader_folders import LAYOUTS

SLOW_LAYOUTS = {"stdlib": 0.02}
"""Layouts that take long to read, with their share of the inputs."""


def jsonl(content: bytes, random: Random) -> bytes:
    """Rows with one row changed, doubled, moved or left out."""
    rows = content.splitlines()
    for _ in range(random.choice((1, 1, 2))):
        row = random.randrange(len(rows))
        kind = random.randrange(8)
        if kind < 5 and is_json(rows[row]):
            rows[row] = dumps(mutated(json.loads(rows[row]), random, changed_json))
        elif kind == 5:
            rows.insert(random.randrange(len(rows)), rows[row])
        elif kind == 6 and len(rows) > 1:
            del rows[row]
        else:
            rows[row] = changed_bytes(rows[row], random)
    return random.choice((b"\n", b"\n", b"\r\n")).join(rows) + random.choice((b"\n", b""))


def is_json(row: bytes) -> bool:
    """Whether a row is still an object: an earlier change may have broken it."""
    try:
        return isinstance(json.loads(row), dict)
    except ValueError:
        return False


def json_list(content: bytes, random: Random) -> bytes:
    """A JSON list with changed entries."""
    return dumps(mutated(json.loads(content), random, changed_json))


def csv_table(content: bytes, random: Random) -> bytes:
    """A table with changed cells, or another dialect."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(random.choice((1, 1, 2, 4))):
        row = rows[random.choice((0, random.randrange(len(rows))))]
        cell = random.randrange(len(row) + 1)
        kind = random.randrange(4)
        if kind == 0 and cell < len(row):
            del row[cell]
        elif kind == 1:
            row.insert(cell, str(random.choice(SCALARS)))
        elif cell < len(row):
            row[cell] = changed_text(row[cell], random) if kind == 2 else str(random.choice(SCALARS))
    stream = io.StringIO()
    csv.writer(stream, delimiter=random.choice(",,,,,;"), lineterminator=random.choice(("\n", "\r\n"))).writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")


def words(content: bytes, random: Random) -> bytes:
    """Lines of ids and labels with one word changed."""
    lines = [line.split(b"\t") for line in content.splitlines()]
    for _ in range(random.choice((1, 1, 2, 4))):
        line = random.choice(lines)
        cell = random.randrange(len(line)) if line else 0
        kind = random.randrange(4)
        if kind == 0 and line:
            del line[cell]
        elif kind == 1:
            line.insert(
                cell, random.choice((b"1", b"", b"2", b"-1", b"nan", "²".encode(), b"1e0", b"\xff", b"9" * 5_000))
            )
        elif line:
            line[cell] = (
                changed_bytes(line[cell], random) if kind == 2 else random.choice((b"0", b"1", b"7", b"x", b""))
            )
    return b"\n".join(b"\t".join(line) for line in lines) + b"\n"


COLUMNS: tuple[Callable[[int], list[Any]], ...] = (
    lambda rows: [None] * rows,
    lambda rows: [1.0] * rows,
    lambda rows: [float("nan")] * rows,
    lambda rows: [number % 2 for number in range(rows)],
    lambda rows: [str(number % 2) for number in range(rows)],
    lambda rows: [f"f{number}()" for number in range(rows)],
    lambda rows: [b"\xff\xfe"] * rows,
    lambda rows: [[1, 2]] * rows,
    lambda rows: [{"a": None}] * rows,
    lambda rows: [datetime.datetime(2020, 1, 1)] * rows,
    lambda rows: [decimal.Decimal("1.0")] * rows,
    lambda rows: [datetime.timedelta(1)] * rows,
    lambda rows: [True, None] * (rows // 2) + [False] * (rows % 2),
)
"""Values of a column, for a number of rows."""


def parquet_table(content: bytes, random: Random) -> bytes:
    """A parquet file with another type, name or number of columns."""
    table = parquet.read_table(io.BytesIO(content))
    for _ in range(random.choice((1, 1, 2))):
        if not table.num_columns:
            break
        index = random.randrange(table.num_columns)
        kind, name = random.randrange(6), table.column_names[index]
        if kind == 0:
            table = table.remove_column(index)
        elif kind == 1:
            table = table.append_column(random.choice((name, name + "x", "")), table.column(index))
        elif kind == 2 and not pyarrow.types.is_nested(table.schema.field(index).type):
            table = table.set_column(index, name, table.column(index).combine_chunks().dictionary_encode())
        else:
            values = random.choice(COLUMNS)(table.num_rows)
            column = pyarrow.array(values, pyarrow.binary() if values and isinstance(values[0], bytes) else None)
            table = table.set_column(index, name, column)
    stream = io.BytesIO()
    try:
        parquet.write_table(table, stream, row_group_size=random.choice((1, 7, 100_000)))
    except pyarrow.ArrowNotImplementedError:  # the library cannot write some tables that it can make
        return content
    return stream.getvalue()


def text(content: bytes, random: Random) -> bytes:
    """A program with changed parts."""
    return mutated(content.decode(), random, lambda one, _: changed_text(one, random)).encode("utf-8", "replace")


CHANGES: dict[str, Callable[[bytes, Random], bytes]] = {
    ".jsonl": jsonl,
    ".json": json_list,
    ".csv": csv_table,
    ".txt": words,
    ".parquet": parquet_table,
    ".py": text,
}
TABLES = {"jsonl": "jsonl", "csv": "csv", "parquet": "parquet"}


def make(folder: Path) -> Harness:
    """Each input is a layout, the name of a file in it, and the new content; the old content is put back after it."""
    logging.getLogger("avatar").setLevel(logging.ERROR)
    builders = dict(LAYOUTS)
    for suffix in TABLES:
        for name in ("pairs", "samples", "groups"):
            builders[f"{name}_{suffix}"] = lambda root, name=name, suffix=suffix: LAYOUTS[name](root, suffix)  # type: ignore[call-arg,misc]
    configs = {}
    for name, build in builders.items():
        (folder / name).mkdir()
        configs[name] = build(folder / name)
    files = {
        name: {str(path.relative_to(folder / name)): path.read_bytes() for path in sorted((folder / name).rglob("*.*"))}
        for name in configs
    }
    quick = [name for name in configs if name not in SLOW_LAYOUTS]

    def one(random: Random) -> tuple[str, str, bytes]:
        layout = random.choice(quick)
        for name, share in SLOW_LAYOUTS.items():
            layout = name if random.random() < share else layout
        file = random.choice([*files[layout]])
        content = files[layout][file]
        if random.random() < 0.9:
            content = CHANGES[Path(file).suffix](content, random)
        if random.random() < 0.15:
            content = mutated(content, random, changed_bytes)
        return layout, file, content

    def run(value: tuple[str, str, bytes]) -> None:
        layout, file, content = value
        path, cfg = folder / layout / file, configs[layout]
        path.write_bytes(content)
        try:
            corpus = load_corpus(replace(cfg, drop_twins=len(content) % 2 == 0), seed=1)
        finally:
            path.write_bytes(files[layout][file])
        for split in SplitName:
            assert len(corpus.members(split)) == len(corpus.labels(split)) > 0

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("data sets", make, seconds=4.0, short=120)
