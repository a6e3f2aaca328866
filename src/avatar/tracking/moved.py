"""Corrects the paths in an sqlite store after its folder was moved, copied or mounted elsewhere.

MLflow writes absolute paths into the store and has no function to change them. So this changes its tables.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from avatar.common.errors import ArtifactError
from avatar.common.full_disk import full_disk
from avatar.common.logging import get_logger
from avatar.tracking.address import BUSY_SECONDS

FOLDER_TAG = "avatar.store_folder"
"""Tag of an experiment: the folder of the store's file when the store was last opened."""

PATH_COLUMNS = (
    ("experiments", "artifact_location", ""),
    ("runs", "artifact_uri", ""),
    ("logged_models", "artifact_location", ""),
    ("model_versions", "source", ""),
    ("model_versions", "storage_location", ""),
    ("trace_tags", "value", "key = 'mlflow.artifactLocation'"),
    ("tags", "value", "key = 'output_dir'"),
)
"""MLflow's tables and columns that contain paths, with the condition for the rows."""

log = get_logger("tracking")


def follow_folder(database: Path) -> int:
    """Change the store's paths below its former folder to its present folder; returns the number of changed paths.

    A path is not changed if its files are in the former folder only. Raises ArtifactError for a store that cannot be
    changed.
    """
    folder = database.resolve().parent
    with _connected(database) as connection:
        known = _former_folders(connection, folder)
        former = sorted({path for path in known.values() if path != folder}, key=lambda path: -len(path.parts))
        changed = sum(_move(connection, columns, path, folder) for path in former for columns in PATH_COLUMNS)
        for experiment, path in known.items():
            if path != folder or not _tag(connection, experiment):
                connection.execute(
                    "INSERT OR REPLACE INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
                    (FOLDER_TAG, str(folder), experiment),
                )
    if changed:
        log.info("the store was moved from %s: %d paths now point to %s", former[0], changed, folder)
    return changed


def set_location(database: Path, experiment_id: str, location: str) -> None:
    """Write the files of new runs of an experiment to `location` (a file: address). Existing files stay."""
    with _connected(database) as connection:
        ((before,),) = connection.execute(
            "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (experiment_id,)
        ).fetchall()
        if before == location:
            return
        connection.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (location, experiment_id)
        )
        old, new = local_path(before), local_path(location)
        if old is not None and new is not None:
            for table, column, _ in PATH_COLUMNS[1:3]:
                _move(connection, (table, column, f"experiment_id = {int(experiment_id)}"), old, new)
    log.info("the files of new runs are written to %s; those of earlier runs stay in %s", location, before)


def local_path(address: str | None) -> Path | None:
    """The absolute path of a file: address or of a plain path; None for any other address."""
    parts = urlsplit(address or "")
    path = Path(unquote(parts.path) if parts.scheme == "file" else address or "")
    return path if parts.scheme in ("file", "") and path.is_absolute() else None


@contextmanager
def _connected(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise ArtifactError(
            f"cannot correct the paths in the tracking store {database}, whose folder was moved: {error}",
            "free some disk space, or set tracking.uri to another file"
            if full_disk(error)
            else "make the file writable and close other programs that use it, or set tracking.uri to a new store",
        ) from error


def _former_folders(connection: sqlite3.Connection, folder: Path) -> dict[int, Path]:
    """For each experiment, the folder of the store when its paths were written."""
    folders = {}
    for experiment, location in connection.execute("SELECT experiment_id, artifact_location FROM experiments"):
        tag = _tag(connection, experiment)
        folders[int(experiment)] = Path(tag) if tag else _guess_folder(local_path(location), folder)
    return folders


def _tag(connection: sqlite3.Connection, experiment: int) -> str | None:
    row = connection.execute(
        "SELECT value FROM experiment_tags WHERE key = ? AND experiment_id = ?", (FOLDER_TAG, experiment)
    ).fetchone()
    return row[0] if row else None


def _guess_folder(location: Path | None, folder: Path) -> Path:
    """The former folder of a store without a tag: a parent of the missing location whose files are now in `folder`."""
    if location is not None and not location.exists():
        for former in location.parents:
            if (folder / location.relative_to(former)).is_dir():
                return former
    return folder


def _move(connection: sqlite3.Connection, columns: tuple[str, str, str], old: Path, new: Path) -> int:
    table, column, condition = columns
    if column not in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
        return 0
    rows = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {condition or '1'}").fetchall()
    moved = [(address, row) for row, text in rows if (address := _moved(text, old, new)) is not None]
    connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", moved)
    return len(moved)


def _moved(address: str | None, old: Path, new: Path) -> str | None:
    """`address` with `new` instead of `old`; None if it is not below `old`, or if its files are in `old` only."""
    path = local_path(address)
    if path is None or not path.is_relative_to(old) or (path.is_relative_to(new) and new.is_relative_to(old)):
        return None
    present = new / path.relative_to(old)
    if path.exists() and not present.exists():
        return None
    return present.as_uri() if str(address).startswith("file:") else str(present)


if __name__ == "__main__":  # `make ui`
    for name in sys.argv[1:]:
        if Path(name).is_file():
            follow_folder(Path(name))
