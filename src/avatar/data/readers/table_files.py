"""Which of the user's own tables (jsonl, csv or parquet, by suffix) belongs to which split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from avatar.common.errors import ConfigError, did_you_mean
from avatar.common.paths import user_path
from avatar.config.schema import DatasetConfig
from avatar.tables.formats import FORMATS, SHOWN, listing

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
"""Allowed names of files and of entries of dataset.files, with the split that each name means."""

OTHER_TABLES = frozenset({".json", ".ndjson", ".tsv", ".pq", ".xlsx", ".arrow", ".feather", ".gz"})
"""Suffixes of data files in formats that are not supported."""


def split_files(cfg: DatasetConfig, folder: Path) -> dict[str, Path]:
    """The file of each split: those of `cfg.files`, or else files with names like train.csv, test.jsonl, dev.csv.

    Either `train` or both `train_labeled` and `train_unlabeled` are needed. Each file belongs to one split. Anything
    else is a ConfigError.
    """
    files = _configured(cfg, folder) if cfg.files else _by_name(folder)
    halves = {"train_labeled", "train_unlabeled"} & files.keys()
    if ("train" in files) == bool(halves) or len(halves) == 1:
        named = ", ".join(files) or "none"
        raise ConfigError(
            f"dataset={cfg.name} needs a file for train, or files for both train_labeled and train_unlabeled; "
            f"files given: {named}",
            f"set dataset.files.train=FILE, relative to {folder} (which contains: {listing(folder)})",
        )
    return files


def unread_files(folder: Path, files: Mapping[str, Path]) -> tuple[str, ...]:
    """A sentence about data files in `folder` that belong to no split, if there are any."""
    try:
        present = {path for path in folder.iterdir() if path.is_file() and (_holds_data(path) or _split_of(path))}
    except OSError:
        return ()
    unread = sorted(path.name for path in present - set(files.values()))
    if not unread:
        return ()
    shown = ", ".join(unread[:SHOWN]) + (f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else "")
    return (f"These files belong to no split and are not read: {shown}; to use one, set dataset.files.SPLIT=FILE.",)


def column_names(cfg: DatasetConfig, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, str]:
    """Column of each field. Without an entry in `cfg.columns`, a required field uses its name; others are left out."""
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
            raise ConfigError(f"dataset.files names two files for {split}", f"remove dataset.files.{key}")
        if path in files.values():
            raise ConfigError(
                f"dataset.files names {name} for two splits",
                "give each split another file; a missing valid or test split is taken from the training data",
            )
        files[split] = path
    return files


def _by_name(folder: Path) -> dict[str, Path]:
    """Files of `folder` with the name of a split; their suffixes must be those of a supported format."""
    named: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        split = _split_of(path)
        if split and _holds_data(path):
            named.setdefault(split, []).append(path)
    for split, files in named.items():
        if len(files) > 1:
            raise ConfigError(
                f"{folder} contains {' and '.join(path.name for path in files)}: more than one file for {split}",
                f"choose one: dataset.files.{split}={files[0].name} (and set the files of the other splits too)",
            )
        if files[0].suffix.lower() not in FORMATS:
            raise ConfigError(
                f"{files[0]} has the name of the split {split}, but '{files[0].suffix}' is not a supported format",
                f"convert it to one of {', '.join(FORMATS)}, or rename it",
            )
    return {split: named[split][0] for split in SPLIT_FILES if split in named}


def _split_of(path: Path) -> str | None:
    """The split that a file's name means: valid for dev.csv, test for test.jsonl.gz."""
    stem = Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem
    return ALIASES.get(stem.lower())


def _holds_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in FORMATS or suffix in OTHER_TABLES
