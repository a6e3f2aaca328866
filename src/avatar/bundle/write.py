"""Writes config.json and manifest.json of a bundle."""

import json
from pathlib import Path

from avatar.bundle.format import ALWAYS, CONFIG, MANIFEST, VERSION, BundleConfig, complete_precisions, parts_of
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.hashing import file_digest


def write_config(folder: Path, config: BundleConfig) -> None:
    """Write config.json into `folder`; invalid values are an ArtifactError."""
    if problems := config.problems():
        raise ArtifactError(f"cannot write {folder / CONFIG}: {'; '.join(problems)}", "correct these values first")
    write_text(folder / CONFIG, json.dumps(config.as_dict(), indent=2) + "\n")


def write_manifest(folder: Path) -> None:
    """Write manifest.json, the last file of a bundle. After that, `read_bundle` accepts `folder`."""
    present = {path.name for path in folder.iterdir() if path.is_file()}
    config = folder / CONFIG
    task = str(json.loads(config.read_text(encoding="utf-8")).get("task")) if config.is_file() else ""
    parts = parts_of(task)
    precisions = complete_precisions(present, task) or tuple(parts)[:1]
    names = [*(name for key in precisions for name in parts[key].names), *ALWAYS]
    if missing := [name for name in names if name not in present]:
        raise ArtifactError(f"the bundle {folder} lacks {', '.join(missing)}", "write every file before the manifest")
    entries = {name: {"sha256": file_digest(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
    write_text(folder / MANIFEST, json.dumps({"version": VERSION, "files": entries}, indent=2) + "\n")
