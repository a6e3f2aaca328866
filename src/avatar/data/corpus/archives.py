"""Reads the files of an archive in memory: nothing is unpacked to the disk, so no path or link can do harm."""

import bz2
import gzip
import io
import lzma
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from avatar.common.errors import DataError

DAMAGED = (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError, RuntimeError)


@dataclass(frozen=True)
class Limits:
    """Most bytes of one file (larger ones are left out), most bytes of all, and most files (more are a DataError)."""

    file: int = 1_000_000
    all: int = 3_000_000_000
    files: int = 300_000


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """A regular file of an archive. `path` is relative, with "/", and has no ".."."""

    path: str
    content: bytes


def members(path: Path, wanted: Callable[[str], bool], limits: Limits = LIMITS) -> list[Member]:
    """The files of a tar or zip archive for whose paths `wanted` is true, in the archive's order.

    A top folder that all files of a tar archive have in common is not part of the paths. Links, devices and files with
    paths outside of the archive are left out. An archive that is damaged or over the limits is a DataError.
    """
    try:
        if path.suffix in {".whl", ".zip"}:
            return list(_zip(path, wanted, limits))
        return _tar(path, wanted, limits)
    except DAMAGED as error:
        raise DataError(f"cannot read the archive {path}: {error}", "delete it and download it again") from error


def _zip(path: Path, wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    budget = _Budget(path, limits)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = _clean(entry.filename)
            is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
            budget.spend_file()
            if entry.is_dir() or is_link or name is None or not wanted(name) or entry.file_size > limits.file:
                continue
            with archive.open(entry) as stream:
                content = stream.read(limits.file + 1)
            budget.spend(len(content))
            if len(content) <= limits.file:
                yield Member(name, content)


_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def _tar(path: Path, wanted: Callable[[str], bool], limits: Limits) -> list[Member]:
    if path.suffix not in _OPENERS:
        raise DataError(f"{path} is not an archive of a known kind", f"known: .whl, .zip, {', '.join(_OPENERS)}")
    budget = _Budget(path, limits)
    files: list[Member] = []
    tops: set[str] = set()
    with (
        cast(IO[bytes], _OPENERS[path.suffix](path)) as compressed,
        tarfile.open(fileobj=_Counted(compressed, budget), mode="r|") as archive,
    ):
        for entry in archive:
            budget.spend_file()
            name = _clean(entry.name)
            if name is None or not entry.isreg():
                continue
            top, _, rest = name.partition("/")
            tops.add(top if rest else "")
            if entry.size > limits.file or not (wanted(name) or wanted(rest)):
                continue
            stream = archive.extractfile(entry)
            if stream is not None:
                files.append(Member(name, stream.read()))
    if len(tops) != 1 or "" in tops:
        return [file for file in files if wanted(file.path)]
    inside = [Member(file.path.partition("/")[2], file.content) for file in files]
    return [file for file in inside if wanted(file.path)]


def _clean(name: str) -> str | None:
    """The normalised path; None if it leads out of the archive."""
    path = posixpath.normpath(name.replace("\\", "/"))
    return None if path.startswith(("/", "../")) or path in {".", ".."} or ":" in path.split("/")[0] else path


class _Budget:
    """Counts bytes and files; a DataError when there are too many (an archive bomb)."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._bytes, self._files, self._limits = path, 0, 0, limits

    def spend(self, number: int) -> None:
        self._bytes += number
        if self._bytes > self._limits.all:
            raise self._error(f"more than {self._limits.all} bytes")

    def spend_file(self) -> None:
        self._files += 1
        if self._files > self._limits.files:
            raise self._error(f"more than {self._limits.files} files")

    def _error(self, what: str) -> DataError:
        return DataError(f"the archive {self._path} has {what}", "leave the package out of the list")


class _Counted(io.RawIOBase):
    """A stream whose bytes are counted while they are decompressed."""

    def __init__(self, stream: IO[bytes], budget: _Budget) -> None:
        self._stream, self._budget = stream, budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._budget.spend(len(content))
        return content
