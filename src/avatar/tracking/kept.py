"""Changes that could not be sent to the store: kept on disk, and sent later in the same order."""

import errno
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.hashing import stable_hash
from avatar.tracking.changes import NEW, Change, apply
from avatar.tracking.mlflow_store import Store
from avatar.tracking.recorded_run import PARENT_TAG

CHANGES, FILES, SENT = "changes.jsonl", "files", "sent.json"
FOLDER = ".unsent"
"""Folder in tracking.artifacts, with one folder for each store and below it one for each job."""


class Kept:
    """The changes of one job in a folder: a line of JSON for each, and copies of their files.

    A run that is made while the store does not answer gets an id of ours. `sent.json` has the number of changes that
    were sent, and the store's id of each such run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder.with_suffix(".lock"))
        self._count = 0  # of the changes that this process added

    @classmethod
    def new(cls, store: Store) -> "Kept":
        """An empty folder for the changes of this process, which no other process sends before `release`."""
        kept = cls(folder_of(store) / f"{time.time_ns()}-{uuid.uuid4().hex[:8]}")
        try:
            kept.folder.parent.mkdir(parents=True, exist_ok=True)
            kept._lock.acquire(timeout=0)
            kept.folder.mkdir()
        except OSError as error:
            raise _cannot_keep(kept.folder, error) from error
        return kept

    def add(self, change: Change) -> str:
        """Keep `change`; returns the id of its run, which is new for a new run."""
        run = f"kept-{uuid.uuid4().hex}" if change.kind == NEW else change.run
        line = {"kind": change.kind, "run": run, "values": dict(change.values)}
        try:
            if change.path is not None:
                name = f"{FILES}/{self._count}/{change.path.name}"
                line["path"] = name
                (self.folder / name).parent.mkdir(parents=True)
                (shutil.copytree if change.path.is_dir() else shutil.copyfile)(change.path, self.folder / name)
            with (self.folder / CHANGES).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _cannot_keep(self.folder, error) from error
        self._count += 1
        return run

    def changes(self) -> list[Change]:
        """All changes. A last line that is incomplete, because its process was killed, is left out."""
        path = self.folder / CHANGES
        if not path.is_file():
            return []
        text = path.read_text(encoding="utf-8")
        lines = map(json.loads, text[: text.rfind("\n") + 1].splitlines())
        return [
            Change(line["kind"], line["run"], line["values"], self.folder / line["path"] if line.get("path") else None)
            for line in lines
        ]

    @property
    def remaining(self) -> int:
        """Number of changes that were not sent."""
        return len(self.changes()) - self._progress()[0]

    def send(self, store: Store) -> int:
        """Send what was not sent, and delete the folder; returns the number of changes. An error keeps the rest."""
        changes = self.changes()
        sent, ids = self._progress()
        for number, change in enumerate(changes[sent:], start=sent + 1):
            result = apply(store, _with_ids(change, ids))
            if change.kind == NEW:
                ids[change.run] = str(result)
            write_text(self.folder / SENT, json.dumps({"changes": number, "runs": ids}) + "\n")
        (self.folder / CHANGES).unlink(missing_ok=True)  # first: without it, nothing is sent twice
        shutil.rmtree(self.folder)
        return len(changes) - sent

    def _progress(self) -> tuple[int, dict[str, str]]:
        path = self.folder / SENT
        if not path.is_file():
            return 0, {}
        read = json.loads(path.read_text(encoding="utf-8"))
        return int(read["changes"]), {str(ours): str(theirs) for ours, theirs in read["runs"].items()}

    def release(self) -> None:
        """Let other processes send the changes."""
        self._lock.release()
        if not self.folder.exists():
            Path(self._lock.lock_file).unlink(missing_ok=True)


def folder_of(store: Store) -> Path:
    """The folder of all changes that were kept for a store. A name or password in the store's address counts not."""
    address = urlsplit(store.uri)
    if address.scheme.startswith("sqlite"):
        artifacts = store.locks.parent
        name = os.path.relpath(address.path.removeprefix("/"), artifacts)  # also right after both were moved
    else:
        name = f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path.rstrip('/')}"
    return store.locks.parent / FOLDER / stable_hash(name)


def waiting(store: Store) -> Iterator[Kept]:
    """What earlier jobs kept for the store, the oldest first, without that of processes that still run.

    Inside the loop this process has the lock.
    """
    folder = folder_of(store)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_dir():
            continue
        kept = Kept(path)
        try:
            kept._lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            if path.is_dir():  # another process may have sent it
                yield kept
        finally:
            kept.release()


def _with_ids(change: Change, ids: dict[str, str]) -> Change:
    """`change` with the store's ids instead of ours."""
    values = dict(change.values)
    parent = values["tags"].get(PARENT_TAG) if change.kind == NEW else None
    if parent in ids:
        values["tags"] = {**values["tags"], PARENT_TAG: ids[parent]}
    return Change(change.kind, ids.get(change.run, change.run), values, change.path)


def _cannot_keep(folder: Path, error: OSError) -> ArtifactError:
    reason = error.strerror or (os.strerror(errno.ENOSPC) if isinstance(error, shutil.Error) else str(error))
    return ArtifactError(
        f"the tracking store does not answer, and what the job records cannot be kept in {folder}: {reason}",
        "free some disk space or choose another folder with tracking.artifacts=PATH, and run the same command again",
    )
