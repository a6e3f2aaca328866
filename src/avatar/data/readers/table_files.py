"""The user's own tables (jsonl, csv, parquet, by suffix): rows with the columns that were asked for."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from avatar.common.errors import ConfigError, DataError, did_you_mean
from avatar.common.paths import user_path
from avatar.config.schema import DatasetConfig
from avatar.data.readers.fields import field
from avatar.data.readers.folders import SHOWN, listing
from avatar.data.readers.lines import Placed, json_rows, text_lines
from avatar.data.readers.parquet import parquet_rows

SPLIT_FILES = ("train", "train_labeled", "train_unlabeled", "valid", "test")
ALIASES = {
    **{name: name for name in SPLIT_FILES},
    "training": "train",
    "train_labelled": "train_labeled",
    "train_unlabelled": "train_unlabeled",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "testing": "test",
}
"""The split of each name that a file, or an entry of dataset.files, may have."""

OTHER_TABLES = frozenset({".json", ".ndjson", ".tsv", ".pq", ".xlsx", ".arrow", ".feather", ".gz"})
"""Suffixes of files that hold data too, but in a format that is not read."""


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    """The rows of `path`, each with all of `columns`; its suffix says the format."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise DataError(f"{path}: '{path.suffix}' is no known format", "available: " + ", ".join(_FORMATS))
    if not path.is_file():
        raise DataError(f"{path} is not a file", f"found in {path.parent}: {listing(path.parent)}")
    return _FORMATS[suffix](path, columns)


def split_files(cfg: DatasetConfig, folder: Path) -> dict[str, Path]:
    """The file of each split: what `cfg.files` names, or else files called train.csv, test.jsonl, dev.csv, ... .

    There must be either `train` or both `train_labeled` and `train_unlabeled`, and a file belongs to one split.
    """
    files = _configured(cfg, folder) if cfg.files else _by_name(folder)
    halves = {"train_labeled", "train_unlabeled"} & files.keys()
    if ("train" in files) == bool(halves) or len(halves) == 1:
        named = ", ".join(files) or "none"
        raise ConfigError(
            f"dataset={cfg.name} needs a file for train, or one each for train_labeled and train_unlabeled; "
            f"files given: {named}",
            f"set dataset.files.train=FILE, relative to {folder} (found there: {listing(folder)})",
        )
    return files


def unread_files(folder: Path, files: Mapping[str, Path]) -> tuple[str, ...]:
    """A sentence about the files of data in `folder` that belong to no split, where there are any."""
    try:
        present = {path for path in folder.iterdir() if path.is_file() and (_holds_data(path) or _split_of(path))}
    except OSError:
        return ()
    unread = sorted(path.name for path in present - set(files.values()))
    if not unread:
        return ()
    shown = ", ".join(unread[:SHOWN]) + (f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else "")
    return (f"Not read, because they belong to no split: {shown}; dataset.files.SPLIT=FILE names what does.",)


def column_names(cfg: DatasetConfig, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, str]:
    """Column of each field; a required field without one is a column of its own name, an optional one is left out."""
    known = [*required, *optional]
    for key in cfg.columns:
        if key not in known:
            raise ConfigError(f"dataset.columns has no field '{key}'", did_you_mean(key, known))
    return {key: cfg.columns.get(key) or key for key in known if cfg.columns.get(key) or key in required}


def _configured(cfg: DatasetConfig, folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for key, name in cfg.files.items():
        if key not in ALIASES:
            raise ConfigError(f"dataset.files has no split '{key}'", did_you_mean(key, SPLIT_FILES))
        split, path = ALIASES[key], folder / user_path(name)
        if split in files:
            raise ConfigError(f"dataset.files names two files for {split}", f"leave out dataset.files.{key}")
        if path in files.values():
            raise ConfigError(
                f"dataset.files names {name} for two splits",
                "give each split a file of its own; a missing valid or test is split off",
            )
        files[split] = path
    return files


def _by_name(folder: Path) -> dict[str, Path]:
    """Files of `folder` that are called as a split is; their suffixes must be those of a known format."""
    named: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        split = _split_of(path)
        if split and _holds_data(path):
            named.setdefault(split, []).append(path)
    for split, found in named.items():
        if len(found) > 1:
            raise ConfigError(
                f"{folder} holds {' and '.join(path.name for path in found)}, two files for {split}",
                f"say which one is meant: dataset.files.{split}={found[0].name} (and name the other splits' files)",
            )
        if found[0].suffix.lower() not in _FORMATS:
            raise ConfigError(
                f"{found[0]} is called as the split {split} is, but '{found[0].suffix}' is no known format",
                f"convert it to one of {', '.join(_FORMATS)}, or rename it",
            )
    return {split: named[split][0] for split in SPLIT_FILES if split in named}


def _split_of(path: Path) -> str | None:
    """The split that a file is called after: valid for dev.csv, test for test.jsonl.gz."""
    stem = Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem
    return ALIASES.get(stem.lower())


def _holds_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in _FORMATS or suffix in OTHER_TABLES


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
