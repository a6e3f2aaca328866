"""The rows of a table: a jsonl, csv or parquet file, by its suffix."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.common.errors import DataError, did_you_mean
from avatar.tables.fields import field
from avatar.tables.lines import LocatedRow, json_rows, text_lines
from avatar.tables.parquet import parquet_columns, parquet_rows

SHOWN = 12
"""Names of a folder that a message lists."""


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[LocatedRow]:
    """The rows of `path`, each with all of `columns`. The format is given by the suffix."""
    return _format(path).rows(path, columns)


def table_columns(path: Path) -> list[str]:
    """The columns of `path`; of jsonl, the fields of its first row. An empty file is a DataError."""
    return _format(path).columns(path)


def listing(folder: Path) -> str:
    """The first names in `folder`, for a message."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        return f"nothing that can be read ({error.strerror or error})"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "nothing") + more


def _json_table(path: Path, columns: Sequence[str]) -> Iterator[LocatedRow]:
    for where, row in json_rows(path):
        for name in columns:
            field(row, name, where)
        yield where, row


def _csv_table(path: Path, columns: Sequence[str]) -> Iterator[LocatedRow]:
    """Rows of a csv with a header; the location is the first line of the row."""
    limit = csv.field_size_limit(2**31 - 1)  # the default limit is 131,072 characters
    try:
        reader = csv.reader((line for _, line in text_lines(path)), strict=True)
        header = next(reader, [])
        for name in columns:
            if name not in header:
                raise DataError(f"{path}:1: no column '{name}'", did_you_mean(name, header))
            if header.count(name) > 1:
                raise DataError(f"{path}:1: {header.count(name)} columns are called '{name}'", "rename one of them")
        begin = reader.line_num + 1
        for cells in reader:
            where, begin = f"{path}:{begin}", reader.line_num + 1
            if not cells:
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{where}: the row has {len(cells)} fields, but the header has {len(header)}",
                    'put fields with commas, quotes or line ends in "quotes"',
                )
            yield where, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: malformed csv: {error}", "correct this line") from error
    finally:
        csv.field_size_limit(limit)


def _json_columns(path: Path) -> list[str]:
    for _, row in json_rows(path):
        return [str(name) for name in row]
    raise DataError(f"{path} has no rows", "give a file with at least one row")


def _csv_columns(path: Path) -> list[str]:
    header = next(csv.reader(line for _, line in text_lines(path)), None)
    if header is None:
        raise DataError(f"{path} is empty", "give a file with a header and at least one row")
    return header


@dataclass(frozen=True)
class TableFormat:
    """How the rows of a file are read, each with all of the given columns, and which columns it has."""

    rows: Callable[[Path, Sequence[str]], Iterator[LocatedRow]]
    columns: Callable[[Path], list[str]]


FORMATS: Mapping[str, TableFormat] = {
    ".jsonl": TableFormat(_json_table, _json_columns),
    ".csv": TableFormat(_csv_table, _csv_columns),
    ".parquet": TableFormat(parquet_rows, parquet_columns),
}
"""By suffix."""


def _format(path: Path) -> TableFormat:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DataError(f"{path}: '{path.suffix}' is not a supported format", "available: " + ", ".join(FORMATS))
    if not path.is_file():
        raise DataError(f"{path} is not a file", f"{path.parent} contains: {listing(path.parent)}")
    return FORMATS[suffix]
