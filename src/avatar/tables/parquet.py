"""Reads parquet files batch by batch, so that a large file is never completely in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.common.errors import ConfigError, DataError, did_you_mean
from avatar.common.regular_files import require_regular
from avatar.tables.lines import LocatedRow

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 8192


def parquet_batches(
    path: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, "pyarrow.RecordBatch"]]:
    """The index of the first row (from 0) and the batch, with `columns` and the existing ones of `optional`.

    A file that is not parquet, or lacks one of `columns`, is a DataError.
    """
    pyarrow, ParquetFile = _library(path)
    try:
        require_regular(path)
        with ParquetFile(path) as file:
            available = file.schema_arrow.names
            for name in columns:
                if name not in available:
                    raise DataError(f"{path}: no column '{name}'", did_you_mean(name, available))
            chosen = [*columns, *(name for name in optional if name in available)]
            for name in chosen:
                if available.count(name) > 1:
                    raise DataError(
                        f"{path}: {available.count(name)} columns are called '{name}'", "rename one of them"
                    )
            start = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=chosen):
                yield start, batch
                start += batch.num_rows
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"cannot read {path} as parquet: {str(error).splitlines()[0]}") from error


def parquet_columns(path: Path) -> list[str]:
    """The names of the columns."""
    pyarrow, ParquetFile = _library(path)
    try:
        require_regular(path)
        with ParquetFile(path) as file:
            return [str(name) for name in file.schema_arrow.names]
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"cannot read {path} as parquet: {str(error).splitlines()[0]}") from error


def _library(path: Path) -> tuple[Any, Any]:
    """pyarrow and its class of parquet files. Without the package, reading `path` is a ConfigError."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ConfigError(
            f"{path}: reading parquet needs the package pyarrow, which is not installed",
            "pip install pyarrow, or convert the file to jsonl or csv",
        ) from error
    return pyarrow, ParquetFile


def parquet_rows(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[LocatedRow]:
    """The rows of a parquet file; the location is the row's index, from 0."""
    for start, batch in parquet_batches(path, columns, optional):
        with readable(path, start, batch.num_rows):
            rows = batch.to_pylist()
        for number, row in enumerate(rows, start=start):
            yield f"{path}, row {number}", row


@contextmanager
def readable(path: Path, start: int, rows: int) -> Iterator[None]:
    """A value that Python cannot hold, such as text that is not UTF-8 or a date after 9999, is a DataError."""
    import pyarrow

    try:
        yield
    except (ValueError, OverflowError, pyarrow.ArrowException) as error:
        reason = "some text is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"unreadable value: {error}"
        raise DataError(
            f"{path}, rows {start} to {start + rows - 1}: {reason}", "write the file again with UTF-8 text"
        ) from error
