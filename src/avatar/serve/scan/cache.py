"""The scan cache: results of earlier scans by content, in one SQLite file for each bundle.

It holds numbers and JSON only; nothing in it is executed on loading. A file that is damaged or too large is
deleted. If the file cannot be used, the scan runs without a cache. SQLite's locks let several scans share it.
"""

import dataclasses
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from avatar.common.hashing import stable_hash
from avatar.common.logging import get_logger
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.last_result import Result
from avatar.serve.scan.similar_pairs import Pairs
from avatar.serve.scan.source_files import SourceFile

VERSION = 8
"""Version of the tables and of how functions are extracted. Files of other versions are not read."""
MAX_BYTES = 1_000_000_000
_VARIABLES = 500
"""Most values in one SQL statement."""

_COLUMNS = tuple(field.name for field in dataclasses.fields(Location) if field.name != "file")

_TABLES = """
CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, outline TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pairs (scope TEXT PRIMARY KEY, threshold REAL, keys TEXT, pairs BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (scope TEXT PRIMARY KEY, state TEXT, result TEXT) WITHOUT ROWID;
"""


class Cache:
    """The cache of one bundle. `identity` is a digest of the bundle; `folder` defaults to the user's cache folder."""

    def __init__(self, identity: str, folder: Path | None = None) -> None:
        self._store: sqlite3.Connection | None = None
        folder = _cache_folder() if folder is None else folder
        if folder is None:
            get_logger("scan").warning(
                "no cache: there is no home folder; set XDG_CACHE_HOME to a folder for the cache"
            )
            return
        self.path = folder / f"scan-{stable_hash([identity, VERSION], 32)}.sqlite"
        for attempt in range(2):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if self.path.exists() and self.path.stat().st_size > MAX_BYTES:
                    self.path.unlink()
                self._store = sqlite3.connect(self.path, timeout=10)
                self._store.execute("PRAGMA journal_mode=WAL")
                self._store.execute("PRAGMA synchronous=NORMAL")
                self._store.executescript(_TABLES)
                return
            except (sqlite3.Error, OSError) as error:
                self.close()
                if (
                    attempt
                    or not isinstance(error, sqlite3.DatabaseError)
                    or isinstance(error, sqlite3.OperationalError)
                ):
                    get_logger("scan").warning("no cache: cannot use %s (%s)", self.path, error)
                    return
                self.path.unlink(missing_ok=True)  # not a database

    def close(self) -> None:
        """Close the file. After that, reads return nothing and writes do nothing."""
        if self._store is not None:
            self._store.close()
        self._store = None

    def outlines(self, files: Sequence[SourceFile]) -> dict[str, FileOutline]:
        """By name: stored outlines of those `files` whose size and modification time did not change."""
        by_path = {_name(file): file for file in files}
        outlines = {}
        for path, size, changed, outline in self._select(
            "files", "path, size, changed, outline", "path", list(by_path)
        ):
            file = by_path[path]
            if (size, changed) == (file.size, file.changed_ns):
                try:
                    note, skipped, rows = json.loads(outline)
                    locations = tuple(Location(file.name, *row) for row in rows)
                except (ValueError, TypeError):
                    continue
                outlines[file.name] = FileOutline(locations, note, skipped)
        return outlines

    def keep_outlines(self, outlines: Iterable[tuple[SourceFile, FileOutline]]) -> None:
        """Store outlines of files."""
        rows = []
        for file, outline in outlines:
            locations = [[getattr(one, name) for name in _COLUMNS] for one in outline.locations]
            content = json.dumps([outline.note, outline.skipped, locations])
            rows.append((_name(file), file.size, file.changed_ns, content))
        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)

    def vectors(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Stored vectors (hidden_size,) by key; unknown keys are left out."""
        rows = self._select("vectors", "key, vector", "key", keys)
        return {key: np.frombuffer(vector, dtype="<f4") for key, vector in rows if len(vector) % 4 == 0}

    def keep_vectors(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Store vectors."""
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def pairs(self, scope: str, threshold: float) -> tuple[list[str], Pairs] | None:
        """Keys of the last scan of this scope, and their pairs with a probability of at least `threshold`."""
        for stored_threshold, keys, content in self._select("pairs", "threshold, keys, pairs", "scope", [scope]):
            names = keys.split()
            if stored_threshold > threshold or len(content) % 12:
                continue
            first, second = np.frombuffer(content[: len(content) // 3 * 2], dtype="<i4").reshape(2, -1)
            probability = np.frombuffer(content[len(content) // 3 * 2 :], dtype="<f4")
            if max(first.max(initial=-1), second.max(initial=-1)) >= len(names):
                continue
            if min(first.min(initial=0), second.min(initial=0)) < 0:
                continue
            return names, Pairs(first.astype(np.int64), second.astype(np.int64), probability).above(threshold)
        return None

    def keep_pairs(self, scope: str, threshold: float, keys: Sequence[str], pairs: Pairs) -> None:
        """Store all pairs of at least `threshold` among `keys`. This replaces the stored pairs of the scope."""
        content = b"".join(
            [
                pairs.first.astype("<i4").tobytes(),
                pairs.second.astype("<i4").tobytes(),
                pairs.probability.astype("<f4").tobytes(),
            ]
        )
        self._write("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?)", [(scope, threshold, " ".join(keys), content)])

    def result(self, scope: str, state: str) -> Result | None:
        """The result of the last scan of this scope, if its files had this `state` (see `state_of`)."""
        for stored_state, text in self._select("results", "state, result", "scope", [scope]):
            if stored_state == state:
                try:
                    return Result.from_text(text)
                except ValueError:
                    return None
        return None

    def keep_result(self, scope: str, state: str, result: Result) -> None:
        """Store the result of a scan. This replaces the stored result of the scope."""
        self._write("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", [(scope, state, result.text())])

    def _select(self, table: str, columns: str, key: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(values) if self._store is not None else 0, _VARIABLES):
            part = values[start : start + _VARIABLES]
            marks = ",".join("?" * len(part))
            try:
                assert self._store is not None
                rows += self._store.execute(f"SELECT {columns} FROM {table} WHERE {key} IN ({marks})", part)
            except sqlite3.Error as error:
                self._stop_using(error)
                return rows
        return rows

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if self._store is None or not rows:
            return
        try:
            with self._store:
                self._store.executemany(statement, rows)
        except sqlite3.Error as error:
            self._stop_using(error)

    def _stop_using(self, error: Exception) -> None:
        get_logger("scan").warning("no cache: cannot use %s (%s)", self.path, error)
        self.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self.path.unlink(missing_ok=True)


def _cache_folder() -> Path | None:
    """The user's cache folder for this program; None for a user without a home folder."""
    try:
        folder = user_cache_path("avatar")
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def _name(file: SourceFile) -> str:
    """The path as text that SQLite can store, also where it is not valid UTF-8."""
    return os.fsencode(file.path).decode("utf-8", "backslashreplace")


class NoCache(Cache):
    """An empty cache that stores nothing."""

    def __init__(self) -> None:
        self._store = None
