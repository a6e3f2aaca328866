"""Reads a bundle, and refuses one that is incomplete or altered."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

from avatar.bundle.format import (
    ALWAYS,
    CONFIG,
    MANIFEST,
    READ,
    Bundle,
    BundleConfig,
    complete_precisions,
    parts_of,
)
from avatar.common.errors import ArtifactError
from avatar.common.hashing import file_digest
from avatar.common.regular_files import read_regular, require_regular

AGAIN = "copy the bundle again, or export the student again"


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_regular(path).decode("utf-8"))
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}", AGAIN) from error
    except ValueError as error:
        raise ArtifactError(f"{path} is not JSON: {error}", AGAIN) from error
    if not isinstance(content, dict):
        raise ArtifactError(f"{path} holds a {type(content).__name__}, not an object", AGAIN)
    return content


def _task(folder: Path) -> str:
    """The task in the config, which says which files are needed; "" if it cannot be read, which is reported later."""
    try:
        return str(_json(folder / CONFIG).get("task", ""))
    except ArtifactError:
        return ""


def _entries(path: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and size in bytes of each file in the manifest at `path`; a wrong manifest is an ArtifactError."""
    manifest = _json(path)
    if manifest.get("version") not in READ:
        raise ArtifactError(
            f"{path} has version {manifest.get('version')!r}, this program reads {', '.join(map(str, READ))}",
            "export the student again, or use the version of avatar that wrote it",
        )
    files = manifest.get("files")
    entries: dict[str, tuple[str, int]] = {}
    for name, entry in files.items() if isinstance(files, dict) else ():
        digest, length = (entry.get("sha256"), entry.get("bytes")) if isinstance(entry, dict) else (None, None)
        plain = name not in (".", "..") and re.fullmatch(r"[\w.-]+", name)
        if not (plain and isinstance(digest, str) and isinstance(length, int)):
            raise ArtifactError(f"{path} has a malformed entry for {name!r}", AGAIN)
        entries[name] = digest, length
    task = _task(path.parent)
    known = parts_of(task)
    groups = [parts.names for parts in known.values() if any(name in entries for name in parts.names)]
    if not complete_precisions(entries, task):
        groups.append(next(iter(known.values())).names)
    if unlisted := [name for name in dict.fromkeys((*ALWAYS, *chain(*groups))) if name not in entries]:
        raise ArtifactError(f"{path} does not list {', '.join(unlisted)}", AGAIN)
    return entries


def read_bundle(folder: Path | str) -> Bundle:
    """The bundle in `folder`, after checking every file's size and SHA-256 against the manifest.

    A folder without a manifest, or a missing, truncated or altered file, is an ArtifactError that names it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArtifactError(f"there is no bundle at {folder}", "give the folder that the export wrote")
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"{folder} has no {MANIFEST}, so it is not a bundle, or it is incomplete", AGAIN)
    digests = {}
    for name, (digest, length) in _entries(folder / MANIFEST).items():
        path = folder / name
        try:
            require_regular(path)
            size = path.stat().st_size
            if size != length:
                raise ArtifactError(f"{path} has {size} bytes, but the manifest says {length}", AGAIN)
            if file_digest(path) != digest:
                raise ArtifactError(f"{path} was altered: its SHA-256 differs from the manifest", AGAIN)
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror or error}", AGAIN) from error
        digests[name] = digest
    return Bundle(folder=folder, config=BundleConfig.from_dict(_json(folder / CONFIG)), digests=digests)
