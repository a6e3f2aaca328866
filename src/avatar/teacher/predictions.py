"""Reads recorded predictions of any model from a file: logits, probabilities or hard labels."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax

from avatar.common.errors import DataError
from avatar.data.records import Corpus, SplitName
from avatar.teacher.names import FORMATS
from avatar.teacher.recorded_array import read_array

HARD_LABEL_EPSILON = 1e-3
"""Probability of the other class that is assumed for a hard label."""

SMALLEST_PROBABILITY = 1e-7
"""Smaller probabilities are set to this, so that their logarithms are finite."""

LARGEST = float(np.finfo(np.float32).max)
"""Logits are kept as float32."""

LABEL_COLUMNS = ("label", "prediction")


def read_predictions(path: Path, rows: int, split: str = "train_unlabeled") -> NDArray[np.float32]:
    """Logits (rows, 2) from a file with a row for each example of `split`, in its order.

    The suffix gives the format: npy, csv, jsonl, parquet, or txt (tab-separated, the last column is the label).
    One column contains hard labels 0 and 1. Two columns contain probabilities if all values are in [0, 1] and every
    row sums to 1, otherwise logits. Probabilities are replaced by their logarithms, and hard labels by the
    logarithms of 1 - HARD_LABEL_EPSILON and HARD_LABEL_EPSILON. If a column is called label or prediction, only
    this column is read. A csv may have no header. Anything else is a DataError.
    """
    if not path.is_file():
        raise DataError(
            f"teacher.path={path}: there is no such file", "set teacher.path=FILE to a file of recorded predictions"
        )
    values = FORMATS.get(path.suffix.lstrip(".").lower())(path)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] not in (1, 2):
        raise DataError(
            f"{path} contains an array of shape {values.shape}",
            "it must have one column of labels, or two columns of logits or probabilities (class 0, class 1)",
        )
    if len(values) != rows:
        raise DataError(
            f"{path} has {len(values):,} rows, but the split {split} has {rows:,} examples",
            "there must be one row for each example of the split, in the order of its source file",
        )
    bad = np.flatnonzero(~(np.abs(values) <= LARGEST).all(axis=1))  # also NaN
    if len(bad):
        raise DataError(
            f"{path}, row {bad[0] + 1} is not finite: {values[bad[0]].tolist()}",
            f"correct this row; {len(bad)} rows have a value that is not finite, or above {LARGEST:g}",
        )
    return to_logits(values, str(path))


def read_split_predictions(path: Path, corpus: Corpus, split: SplitName) -> NDArray[np.float32]:
    """Recorded logits of the examples of `split`, without the rows of its source that were left out."""
    examples = len(corpus.splits[split])
    logits = read_predictions(path, corpus.source_rows.get(split, examples), split.value)
    return logits[corpus.rows[split]] if split in corpus.rows else logits


def mixed_predictions(paths: Sequence[Path], corpus: Corpus, split: SplitName) -> NDArray[np.float32]:
    """Logits of the examples of `split` from one file, or the mean of the log-probabilities of several files.

    The mean of logarithms is a product of experts (Hinton 2002): a class that one teacher excludes is excluded.
    """
    logits = [read_split_predictions(path, corpus, split) for path in paths]
    if len(logits) == 1:
        return logits[0]
    return np.mean([log_softmax(part.astype(np.float64), axis=1) for part in logits], axis=0).astype(np.float32)


def to_logits(values: NDArray[np.float64], source: str) -> NDArray[np.float32]:
    """Logits (rows, 2) of labels (rows, 1), probabilities (rows, 2) or logits (rows, 2)."""
    if values.shape[1] == 1:
        column = values[:, 0]
        bad = np.flatnonzero((column != 0) & (column != 1))
        if len(bad):
            raise DataError(f"{source}, row {bad[0] + 1}: the label is {column[bad[0]]:g}", "labels are 0 or 1")
        positive = np.where(column == 1, 1 - HARD_LABEL_EPSILON, HARD_LABEL_EPSILON)
        values = np.stack([1 - positive, positive], axis=1)
    if is_probability(values):
        values = np.log(np.clip(values, SMALLEST_PROBABILITY, 1.0))
    return values.astype(np.float32)


def is_probability(values: NDArray[np.float64]) -> bool:
    """Whether all values are in [0, 1] and every row sums to 1, up to the rounding of printed numbers."""
    inside = (values >= 0) & (values <= 1)
    return bool(len(values)) and bool(inside.all()) and bool(np.allclose(values.sum(axis=1), 1, atol=1e-3))


def _numeric(table: pd.DataFrame, path: Path) -> NDArray[np.float64]:
    """The table, or its column of labels, as numbers. A cell that is not a number is a DataError."""
    for name in LABEL_COLUMNS:
        if name in table.columns:
            table = table[[name]]
    numbers = table.apply(pd.to_numeric, errors="coerce")
    wrong = numbers.isna() & table.notna()
    empty = table.isna()
    for problem, text in ((wrong, "is not a number"), (empty, "is missing")):
        cells = np.argwhere(problem.to_numpy())
        if len(cells):
            row, column = cells[0]
            raise DataError(
                f"{path}, row {row + 1}, column '{table.columns[column]}': {table.iat[row, column]!r} {text}",
                "every row needs one label, or two logits or probabilities",
            )
    return numbers.to_numpy(dtype=np.float64)


def read_npy(path: Path) -> NDArray[np.float64]:
    """An array that np.save wrote."""
    hint = "write it with np.save: numbers, one row for each example"
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite float64 is refused by `read_predictions`
        return read_array(path, "biuf", hint).astype(np.float64)


def _has_header(line: str) -> bool:
    try:
        [float(cell) for cell in line.split(",")]
    except ValueError:
        return True
    return False


def read_csv(path: Path) -> NDArray[np.float64]:
    """Columns separated by commas, with or without a header."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            header = 0 if _has_header(stream.readline()) else None
        return _numeric(pd.read_csv(path, header=header, encoding="utf-8-sig", keep_default_na=True), path)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"{path} is not a readable csv: {error}", "save it as UTF-8, with commas between the columns"
        ) from error


def read_txt(path: Path) -> NDArray[np.float64]:
    """Columns separated by tabs, without a header; the last column is the label."""
    try:
        table = pd.read_csv(path, header=None, sep="\t", encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} is not a readable table: {error}", "separate the columns by tabs") from error
    return _numeric(table.iloc[:, -1:], path)


def read_jsonl(path: Path) -> NDArray[np.float64]:
    """Each line is a number, a list of one or two numbers, or an object with one or two numbers."""
    rows: list[dict[str, object]] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode("utf-8"))
            except (ValueError, RecursionError) as error:  # thousands of brackets
                raise DataError(f"{path}, line {number}: {error}", "each line must be one JSON value") from error
            cells = value if isinstance(value, list) else [value]
            row = value if isinstance(value, dict) else {str(column): cell for column, cell in enumerate(cells)}
            if rows and row.keys() != rows[0].keys():
                shown = line.decode("utf-8").strip()[:80]
                raise DataError(
                    f"{path}, line {number}: {shown} has another form than the first line",
                    "all lines must be labels, or lists of two numbers, or objects with the same keys",
                )
            rows.append(row)
    return _numeric(pd.DataFrame(rows), path) if rows else np.empty((0, 1))


def read_parquet(path: Path) -> NDArray[np.float64]:
    """A table of numbers, or one column of lists of numbers."""
    from pyarrow import ArrowException

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, ArrowException) as error:
        raise DataError(f"{path} is not a readable parquet file: {error}", "write the file again") from error
    if table.shape[1] == 1 and len(table) and not np.isscalar(table.iat[0, 0]):
        lists = table.iloc[:, 0]
        wrong = np.flatnonzero(~lists.map(lambda cell: isinstance(cell, np.ndarray) and cell.ndim == 1).to_numpy(bool))
        if len(wrong):
            raise DataError(
                f"{path}, row {wrong[0] + 1}, column '{table.columns[0]}': {lists.iat[wrong[0]]!r} is no list",
                "every row needs one label, or two logits or probabilities",
            )
        table = pd.DataFrame(lists.tolist())
    return _numeric(table, path)
