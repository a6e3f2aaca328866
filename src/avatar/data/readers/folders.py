"""The files of a data set's folder, and the error for a folder without the expected files."""

from pathlib import Path

from avatar.common.errors import DataError
from avatar.data.data_location import OFFLINE
from avatar.tables.formats import listing


def has(folder: Path, *names: str) -> bool:
    """Whether all of `names` are files of `folder`."""
    return all((folder / name).is_file() for name in names)


def missing(folder: Path, layout: str) -> DataError:
    """The error for an existing folder with none of the known layouts; it lists the folder's content."""
    problem = f"{folder} does not contain this data set; it contains: {listing(folder)}"
    return DataError(problem, f"the folder must contain {layout}; {OFFLINE}")


def parquet_parts(folder: Path) -> dict[str, list[Path]]:
    """Parquet files of the hub's layout, by split: data/train-00000-of-00002.parquet and so on.

    A split without a file is left out. The hub's `validation` is our `valid`.
    """
    files = {
        split: sorted(folder.glob(f"**/{stem}-*.parquet"))
        for split, stem in (("train", "train"), ("valid", "validation"), ("test", "test"))
    }
    return {split: paths for split, paths in files.items() if paths}
