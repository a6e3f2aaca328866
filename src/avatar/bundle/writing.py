"""Writes the two files of a bundle that describe the others."""

import json
from pathlib import Path

from avatar.bundle.format import CONFIG, FILES, MANIFEST, VERSION, BundleConfig
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.hashing import file_digest


def write_config(folder: Path, config: BundleConfig) -> None:
    """Write config.json into `folder`; values that no reader would accept are an ArtifactError."""
    if found := config.problems():
        raise ArtifactError(f"cannot write {folder / CONFIG}: {'; '.join(found)}", "mend the values first")
    write_text(folder / CONFIG, json.dumps(config.as_dict(), indent=2) + "\n")


def write_manifest(folder: Path) -> None:
    """Write manifest.json, the last file of a bundle: from now on `read_bundle` accepts `folder`."""
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise ArtifactError(
            f"the bundle {folder} lacks {', '.join(missing)}", "write every file before the manifest"
        )
    entries = {
        name: {"sha256": file_digest(folder / name), "bytes": (folder / name).stat().st_size}
        for name in FILES
    }
    write_text(folder / MANIFEST, json.dumps({"version": VERSION, "files": entries}, indent=2) + "\n")
