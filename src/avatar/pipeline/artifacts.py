"""Artifacts: folders that are finished once their manifest is written. Several processes make each only once."""

import contextlib
import datetime
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from avatar.common.errors import ArtifactError, AvatarError, ConfigError
from avatar.common.full_disk import full_disk
from avatar.common.hashing import stable_hash
from avatar.common.logging import format_seconds, get_logger
from avatar.measure.used_energy import Meter
from avatar.pipeline.manifest import Manifest, file_records, read_manifest
from avatar.pipeline.stage import I, S, Stage, plain

log = get_logger("pipeline")
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Artifact:
    """The result of a finished stage: its folder and values. `reused` is True if it existed before.

    `key` goes into the keys of later stages. It is the stage's key, with a digest of the values if the stage is timed.
    """

    stage: str
    key: str
    folder: Path
    values: Mapping[str, Any]
    seconds: float
    reused: bool


@dataclass(frozen=True)
class Pending:
    """An artifact that is made when `get` is called. Its key is known before."""

    key: str
    get: Callable[[], Artifact]


class ArtifactStore:
    """Artifacts at `root/<stage>/<key>`. `verify` says how reused files are checked (`manifest.VERIFY`).

    `meter` measures the energy of what is built, if it is given.
    """

    def __init__(self, root: Path, verify: str = "quick", meter: Meter | None = None) -> None:
        self.root = root
        self.verify = verify
        self.meter = meter
        self._used: dict[Path, Manifest] = {}

    def make(self, stage: Stage[I, S], inputs: I, settings: S) -> Artifact:
        """The artifact of `stage`, read from disk if it exists, else built.

        Only one process builds it; the others wait. If the build fails, no manifest is written, so the artifact does
        not exist.
        """
        key = stage.key(inputs, settings)
        folder = self.root / stage.name / key
        existing = self.existing(stage, folder)
        if existing is not None:
            return existing
        with self._locked(stage.name, key, folder):
            existing = self.existing(stage, folder)
            if existing is not None:
                return existing
            _remove_unfinished(folder)
            with contextlib.nullcontext() if self.meter is None else self.meter() as work:
                start = time.monotonic()
                values = plain(stage.build(inputs, settings, folder))
                seconds = time.monotonic() - start
            manifest = Manifest(
                stage.name,
                stage.revision,
                key,
                stage.keyed_settings(settings),
                stage.keyed_inputs(inputs),
                values,
                seconds,
                datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                file_records(folder),
                None if work is None else work.used,
            )
            manifest.write(folder)
            log.debug("%s %s took %s", stage.name, key, format_seconds(seconds))
            return _artifact(stage, manifest, folder, reused=False)

    def existing(self, stage: Stage[Any, Any], folder: Path) -> Artifact | None:
        """The artifact in `folder` after a check of its files, or None if it is not finished."""
        manifest = read_manifest(folder)
        if manifest is None:
            return None
        if (manifest.stage, manifest.key) != (stage.name, folder.name):
            raise ArtifactError(
                f"the artifact {folder} has the manifest of another one: {manifest.stage} {manifest.key}",
                "delete that folder; the next run makes it again",
            )
        manifest.verify(folder, self.verify)
        self._used[folder] = manifest
        log.debug("%s %s exists and is reused", stage.name, manifest.key)
        return _artifact(stage, manifest, folder, reused=True)

    @contextlib.contextmanager
    def blames_damage(self) -> Iterator[None]:
        """If the block ends with an error, and an artifact that was reused is damaged, that is the error instead.

        The quick check does not read large files, and what a damaged one leads to depends on who reads it.
        """
        try:
            yield
        except (ArtifactError, ConfigError):
            raise
        except Exception as error:
            for folder, manifest in self._used.items():
                try:
                    manifest.verify(folder, "full")
                except ArtifactError as damage:
                    raise damage from error
            raise

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
                "choose another folder with artifacts.folder=PATH, or free some disk space",
            ) from error
        try:
            yield
        except AvatarError:
            raise
        except Exception as error:
            reason = full_disk(error)
            if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
                reason = error.strerror or str(error)
            if not reason:
                raise
            raise ArtifactError(
                f"the stage {stage} cannot write {getattr(error, 'filename', None) or folder}: {reason}",
                "free some disk space, or choose another folder with artifacts.folder=PATH; partial files are not used",
            ) from error
        finally:
            lock.release()


def _remove_unfinished(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left; their names begin with a dot."""
    for path in sorted(folder.rglob(".*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _artifact(stage: Stage[Any, Any], manifest: Manifest, folder: Path, reused: bool) -> Artifact:
    key = f"{manifest.key}-{stable_hash(plain(manifest.values))}" if stage.timed else manifest.key
    return Artifact(stage.name, key, folder, manifest.values, manifest.seconds, reused)
