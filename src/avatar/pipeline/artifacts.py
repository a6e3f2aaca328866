"""Artifacts: folders that a complete manifest declares finished, made once however many want them."""

import contextlib
import dataclasses
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from avatar import __version__
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.hashing import stable_hash
from avatar.common.logging import format_seconds, get_logger

log = get_logger("pipeline")
MANIFEST = "manifest.json"
NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Artifact:
    """A finished stage: its folder, the values it found, and whether it was made just now or found."""

    stage: str
    key: str
    folder: Path
    values: Mapping[str, Any]
    seconds: float
    skipped: bool


def plain(value: Any) -> Any:
    """Nested dataclasses and numpy scalars as plain JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _read(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished artifact, or None. A file that it lists but that is gone is an ArtifactError."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"the manifest {path} is unreadable: {error}", f"delete {folder}") from error
    for name, size in manifest["files"].items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != size:
            raise ArtifactError(
                f"the artifact {folder} is damaged: {name} is missing or has another size than when it was made",
                "delete that folder; the next run makes it again",
            )
    return manifest


class ArtifactStore:
    """Artifacts below `root`, at `root/<stage>/<key>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self, stage: str, reads: Mapping[str, Any], build: Callable[[Path], Mapping[str, Any]]) -> Artifact:
        """The artifact of `stage` for what it `reads` (config parts, keys of its inputs, seed).

        `build(folder)` writes its files into the folder, which may hold what a killed run left there,
        and returns the values for the manifest. It is called at most once by all processes: the
        others wait. An error leaves no manifest, so the artifact does not exist.
        """
        key = stable_hash({"stage": stage, "version": __version__, "reads": plain(reads)})
        folder = self.root / stage / key
        found = self._found(stage, key, folder)
        if found is not None:
            return found
        with self._locked(stage, key, folder):
            found = self._found(stage, key, folder)
            if found is not None:
                return found
            start = time.monotonic()
            values = plain(build(folder))
            seconds = time.monotonic() - start
            files = {
                str(path.relative_to(folder)): path.stat().st_size
                for path in sorted(folder.rglob("*"))
                if path.is_file() and path.name != MANIFEST
            }
            manifest = {
                "stage": stage,
                "key": key,
                "version": __version__,
                "reads": plain(reads),
                "values": values,
                "seconds": seconds,
                "files": files,
            }
            write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
            log.debug("%s %s took %s", stage, key, format_seconds(seconds))
            return Artifact(stage, key, folder, values, seconds, skipped=False)

    def _found(self, stage: str, key: str, folder: Path) -> Artifact | None:
        manifest = _read(folder)
        if manifest is None:
            return None
        log.debug("%s %s is there already", stage, key)
        return Artifact(stage, key, folder, manifest["values"], manifest["seconds"], skipped=True)

    @contextlib.contextmanager
    def _locked(self, stage: str, key: str, folder: Path) -> Iterator[None]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
            lock = FileLock(folder.with_suffix(".lock"))
            try:
                lock.acquire(timeout=0)
            except Timeout:
                log.info("another process is making %s %s; waiting for it", stage, key)
                lock.acquire()
        except OSError as error:
            raise ArtifactError(
                f"cannot write into {self.root}: {error.strerror or error}",
                "choose another folder with artifacts=PATH, or free some disk space",
            ) from error
        try:
            yield
        except OSError as error:
            if error.errno not in NOT_WRITABLE:
                raise
            raise ArtifactError(
                f"the stage {stage} cannot write {error.filename or folder}: {error.strerror or error}",
                "free some disk space, or choose another folder with artifacts=PATH; nothing half-made is used",
            ) from error
        finally:
            lock.release()
