"""Reads a bundle, and refuses one that is incomplete or altered."""

import re
from itertools import chain
from pathlib import Path

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
from avatar.bundle.strict_json import AGAIN, read_object, shown
from avatar.common.errors import ArtifactError
from avatar.common.hashing import file_digest
from avatar.common.regular_files import require_regular

MOST_JSON_BYTES = 1_000_000
"""Longer files config.json and manifest.json are refused."""
MOST_FILES = 100


def _task(folder: Path) -> str | None:
    """The task in the config, which says which files are needed; None if it cannot be read: that is reported later."""
    try:
        return str(read_object(folder / CONFIG, MOST_JSON_BYTES).get("task", ""))
    except ArtifactError:
        return None


def _entries(path: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and size in bytes of each file in the manifest at `path`; a wrong manifest is an ArtifactError."""
    manifest = read_object(path, MOST_JSON_BYTES)
    version = manifest.get("version")
    if type(version) is not int or version not in READ:
        raise ArtifactError(
            f"{path} has version {shown(version)}, this program reads {', '.join(map(str, READ))}",
            "export the student again, or use the version of avatar that wrote it",
        )
    files = manifest.get("files")
    if isinstance(files, dict) and len(files) > MOST_FILES:
        raise ArtifactError(f"{path} lists {len(files):,} files, more than {MOST_FILES}", AGAIN)
    entries: dict[str, tuple[str, int]] = {}
    for name, entry in files.items() if isinstance(files, dict) else ():
        digest, length = (entry.get("sha256"), entry.get("bytes")) if isinstance(entry, dict) else (None, None)
        plain = name not in (".", "..") and re.fullmatch(r"[\w.-]+", name)
        if not (plain and isinstance(digest, str) and isinstance(length, int)):
            raise ArtifactError(f"{path} has a malformed entry for {shown(name)}", AGAIN)
        entries[name] = digest, length
    task = _task(path.parent)
    known = {} if task is None else parts_of(task)
    groups = [parts.names for parts in known.values() if any(name in entries for name in parts.names)]
    if task is not None and not complete_precisions(entries, task):
        groups.append(next(iter(known.values())).names)
    if unlisted := [name for name in dict.fromkeys((*ALWAYS, *chain(*groups))) if name not in entries]:
        raise ArtifactError(f"{path} does not list {', '.join(unlisted)}", AGAIN)
    return entries


def read_bundle(folder: Path | str) -> Bundle:
    """The bundle in `folder`, after checking every file's size and SHA-256 against the manifest.

    A folder without a manifest, or a missing, truncated or altered file, is an ArtifactError that names it.
    """
    folder = Path(folder)
    try:
        is_folder, is_bundle = folder.is_dir(), (folder / MANIFEST).is_file()
    except (OSError, ValueError) as error:  # a name that no file can have, or no permission
        raise ArtifactError(f"cannot read {folder}: {error}", "give the folder that the export wrote") from error
    if not is_folder:
        raise ArtifactError(f"there is no bundle at {folder}", "give the folder that the export wrote")
    if not is_bundle:
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
    config = BundleConfig.from_dict(read_object(folder / CONFIG, MOST_JSON_BYTES))
    return Bundle(folder=folder, config=config, digests=digests)
