"""Small archives and lists of packages for the tests of the corpus."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from avatar.common.hashing import file_digest
from avatar.data.corpus.package_list import Release

BODY = """
    total = 0
    for value in values:
        if value > {limit}:
            total += value * {factor} + len(values)
    return total
"""


def function(name: str, limit: int = 3, factor: int = 7) -> str:
    """A Python function that is long enough for the corpus."""
    return f"def {name}(values):" + BODY.format(limit=limit, factor=factor)


def tar(path: Path, files: Mapping[str, str | bytes], top: str = "top/") -> Path:
    """A gzipped tar archive of `files` below the folder `top`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(top + name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def wheel(path: Path, files: Mapping[str, str]) -> Path:
    """A zip archive of `files`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def release(project: str, split: str = "train", version: str = "1.0", **other: object) -> Release:
    """A release of a Python project."""
    values = {"family": project, "registry": "npm", "name": project, "languages": ("python",), "licence": "MIT"}
    return Release(**{**values, "project": project, "split": split, "version": version, **other})  # type: ignore[arg-type]


class LocalClient:
    """A registry of archives in a folder: NAME-VERSION.tgz. Counts its downloads."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.downloads = folder, 0

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `avatar.data.corpus.clients.Client`."""
        self.downloads += 1
        target = folder / f"{name}-{version}.tgz"
        target.write_bytes((self.folder / target.name).read_bytes())
        return target


def downloaded(folder: Path, one: Release, files: Mapping[str, str | bytes]) -> Release:
    """`one` with its digest, after its archive of `files` was put into the corpus in `folder`."""
    home = folder / "archives" / one.registry / one.name / one.version / "archive"
    archive = tar(home / "archive.tgz", files)
    return Release(**{**one.__dict__, "sha256": file_digest(archive)})
