"""The user's own tables (jsonl, csv, parquet, by suffix): rows with the columns that were asked for."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from avatar.common.errors import ConfigError, DataError, did_you_mean
from avatar.common.paths import user_path
from avatar.config.schema import DatasetConfig
from avatar.data.readers.fields import field
from avatar.data.readers.folders import listing
from avatar.data.readers.lines import Placed, json_rows, text_lines
from avatar.data.readers.parquet import parquet_rows

SPLIT_FILES = ("train", "train_labeled", "train_unlabeled", "valid", "test")


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    """The rows of `path`, each with all of `columns`; its suffix says the format."""
    if path.suffix not in _FORMATS:
        raise DataError(f"{path}: '{path.suffix}' is no known format", "available: " + ", ".join(_FORMATS))
    if not path.is_file():
        raise DataError(f"{path} is not a file", f"found in {path.parent}: {listing(path.parent)}")
    return _FORMATS[path.suffix](path, columns)


def split_files(cfg: DatasetConfig, folder: Path) -> dict[str, Path]:
    """The file of each split: what `cfg.files` names, or else files called train.csv, test.jsonl, ... .

    There must be either `train` or both `train_labeled` and `train_unlabeled`.
    """
    for key in cfg.files:
        if key not in SPLIT_FILES:
            raise ConfigError(f"dataset.files has no split '{key}'", did_you_mean(key, SPLIT_FILES))
    files = {key: folder / user_path(name) for key, name in cfg.files.items()} or _by_name(folder)
    halves = {"train_labeled", "train_unlabeled"} & files.keys()
    if ("train" in files) == bool(halves) or len(halves) == 1:
        named = ", ".join(files) or "none"
        raise ConfigError(
            f"dataset={cfg.name} needs a file for train, or one each for train_labeled and train_unlabeled; "
            f"files given: {named}",
            f"set dataset.files.train=FILE, relative to {folder} (found there: {listing(folder)})",
        )
    return files


def column_names(cfg: DatasetConfig, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, str]:
    """Column of each field; a required field that has none there is a column of its own name."""
    known = [*required, *optional]
    for key in cfg.columns:
        if key not in known:
            raise ConfigError(f"dataset.columns has no field '{key}'", did_you_mean(key, known))
    return {key: cfg.columns.get(key, key) for key in known if key in cfg.columns or key in required}


def _by_name(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for key in SPLIT_FILES:
        found = [folder / f"{key}{suffix}" for suffix in _FORMATS if (folder / f"{key}{suffix}").exists()]
        if len(found) > 1:
            raise ConfigError(
                f"{folder} holds {' and '.join(path.name for path in found)}",
                f"say which one is meant: dataset.files.{key}={found[0].name}",
            )
        if found:
            files[key] = found[0]
    return files


def _json_table(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    for where, row in json_rows(path):
        for name in columns:
            field(row, name, where)
        yield where, row


def _csv_table(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    """Rows of a csv with a header, placed by the line where each begins."""
    limit = csv.field_size_limit(2**31 - 1)  # the default refuses functions above 131,072 characters
    try:
        reader = csv.reader((line for _, line in text_lines(path)), strict=True)
        header = next(reader, [])
        for name in columns:
            if name not in header:
                raise DataError(f"{path}:1: no column '{name}'", did_you_mean(name, header))
        begin = reader.line_num + 1
        for cells in reader:
            where, begin = f"{path}:{begin}", reader.line_num + 1
            if not cells:
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{where}: {len(cells)} fields, the header has {len(header)}",
                    'put fields that hold commas, quotes or line ends in "quotes"',
                )
            yield where, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: malformed csv: {error}", "mend that line") from error
    finally:
        csv.field_size_limit(limit)


_FORMATS: Mapping[str, Callable[[Path, Sequence[str]], Iterator[Placed]]] = {
    ".jsonl": _json_table,
    ".csv": _csv_table,
    ".parquet": parquet_rows,
}
