"""The manifest of an artifact: its settings, inputs and values, and the digests of its files."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.hashing import file_digest
from avatar.common.regular_files import read_regular
from avatar.measure.used_energy import UsedEnergy

MANIFEST = "manifest.json"
DIGEST = "digest"
"""The entry of a manifest with the digest of all others."""
MOST_BYTES = 64 * 1024**2
"""Largest size of a manifest, in bytes. A larger file is not read."""

VERIFY = ("quick", "full")
"""How reused files are checked. full: by size and digest. quick: likewise, but the digest of a file of more than
`LARGE` bytes is only checked if its time differs from that in the manifest."""
LARGE = 16 * 1024**2
"""Bytes; the digest of such a file takes about 10 ms."""


@dataclass(frozen=True)
class FileRecord:
    """A file of an artifact as it was when the artifact was made."""

    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The content of `manifest.json`. `made` is the time in UTC, ISO 8601; `seconds` is the duration of the build.

    `energy` is that of the build; None if it was not measured.
    """

    stage: str
    revision: int
    key: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Any]
    values: Mapping[str, Any]
    seconds: float
    made: str
    files: Mapping[str, FileRecord]
    energy: UsedEnergy | None = None

    def write(self, folder: Path) -> None:
        """Write it into `folder`. From then on, the artifact is finished."""
        data = json.loads(json.dumps(asdict(self)))
        write_text(folder / MANIFEST, json.dumps({**data, DIGEST: _digest(data)}, indent=1) + "\n")

    def verify(self, folder: Path, how: str = "quick") -> None:
        """Raise an ArtifactError if a file of `folder` is missing or has changed. `how` is one of `VERIFY`."""
        for name, record in self.files.items():
            problem = _difference(folder / name, record, how)
            if problem:
                raise ArtifactError(
                    f"the artifact {folder} is damaged: {name} {problem}",
                    "delete that folder; the next run makes it again",
                )


def file_records(folder: Path) -> dict[str, FileRecord]:
    """Records of all files below `folder` except the manifest, by relative path."""
    return {
        path.relative_to(folder).as_posix(): FileRecord(path.stat().st_size, path.stat().st_mtime_ns, file_digest(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`, or None if there is none. An unreadable manifest is an ArtifactError."""
    path = folder / MANIFEST
    if not os.path.lexists(path):
        return None
    try:
        content = read_regular(path, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return _parsed(json.loads(content.decode("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ArtifactError(f"the manifest {path} is unreadable: {reason}", f"delete {folder}") from error


def _parsed(data: Any) -> Manifest:
    if not isinstance(data, dict):
        raise ValueError(f"it holds a {type(data).__name__}; it must hold an object")
    kinds: dict[str, type | tuple[type, ...]] = {
        "stage": str,
        "revision": int,
        "key": str,
        "settings": dict,
        "inputs": dict,
        "values": dict,
        "seconds": (int, float),
        "made": str,
        "files": dict,
    }
    for name, kind in kinds.items():
        if name not in data:
            raise ValueError(f"'{name}' is missing")
        if not isinstance(data[name], kind) or isinstance(data[name], bool):
            raise ValueError(f"'{name}' is a {type(data[name]).__name__}")
    files = {}
    for name, record in data["files"].items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"the file '{name}' is outside of the artifact's folder")
        try:
            files[name] = FileRecord(int(record["bytes"]), int(record["mtime_ns"]), str(record["sha256"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"the record of the file '{name}' is incomplete") from error
    if _digest({name: value for name, value in data.items() if name != DIGEST}) != data.get(DIGEST):
        raise ValueError(f"its content does not match its '{DIGEST}', so it was altered")
    energy = data.get("energy")
    if energy is not None and not isinstance(energy, dict):
        raise ValueError(f"'energy' is a {type(energy).__name__}")
    used = None if energy is None else UsedEnergy.from_plain(energy)
    return Manifest(**{**{name: data[name] for name in kinds}, "files": files, "energy": used})


def _digest(data: Mapping[str, Any]) -> str:
    return sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _difference(path: Path, record: FileRecord, how: str) -> str:
    """How a file differs from its record, or "" if it does not."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if stat.st_size != record.bytes:
        return f"has {stat.st_size} bytes, and had {record.bytes} when it was made"
    if how == "quick" and stat.st_size > LARGE and stat.st_mtime_ns == record.mtime_ns:
        return ""
    try:
        return "" if file_digest(path) == record.sha256 else "has other content than when it was made"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
