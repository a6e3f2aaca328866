"""Source files below a path, and the reasons why files are left out."""

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.code.functions import MAX_SOURCE_BYTES
from avatar.code.languages import language_of_file
from avatar.common.errors import DataError
from avatar.common.regular_files import kind, read_regular
from avatar.common.walking import folders_below
from avatar.serve.scan.generated import GENERATED, NO_CODE, SKIPPED_FOLDERS, generated, is_generated_name
from avatar.serve.scan.ignore import Ignored
from avatar.serve.scan.licences import Licences

FOREIGN = "third-party code or build results"
TOO_LARGE = f"larger than {MAX_SOURCE_BYTES // 1_000_000} MB"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to scan. `name` is relative to the scanned folder, with "/"; `size` is in bytes."""

    name: str
    path: Path
    language: str
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    reason: str


class SkippedFolder(Skipped):
    """A folder that was not entered."""


def source_files(path: Path, languages: Collection[str] = ()) -> Iterator[SourceFile | Skipped]:
    """Files in `languages` (default: all), sorted by folder.

    `path` itself is always read: if it is ignored, hidden or a link, too. Below it, hidden and ignored files and
    folders are left out without a note. A folder of third-party code or build results is `Skipped`, and a file that is
    too large, a link, or has the name of a generated one. A path that does not exist is a DataError.
    """
    try:
        path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    except FileNotFoundError as error:
        raise DataError(f"{path} is relative to a working directory that was deleted", "give a full path") from error
    if path.is_file():
        result = _source_file(path, path.name, languages, named=True)
        if result is None:
            raise DataError(f"{path} is not in a language that can be scanned", "give a folder or a source file")
        yield result
        return
    if not path.is_dir():
        problem = f"{path} is {kind(path.stat().st_mode)}" if path.exists() else f"there is no file or folder at {path}"
        raise DataError(problem, "give the path of source code")
    ignored, licences = Ignored(path), Licences(path)
    passed: list[Path] = []

    def enters(folder: Path) -> bool:
        enter = _enters(folder, ignored)
        if (_is_foreign(folder) and not ignored(folder, is_folder=True)) or (enter and licences.are_foreign(folder)):
            passed.append(folder)
            return False
        return enter

    for here, names, problem in folders_below(path, enters):
        below = here.relative_to(path)
        if problem:
            yield Skipped(below.as_posix(), problem)
        start = "" if below == Path() else f"{below.as_posix()}/"
        for name in names:
            if name.startswith(".") or language_of_file(name) is None:
                continue
            entry = here / name
            result = None if ignored(entry) else _source_file(entry, start + name, languages)
            if result is not None:
                yield result
    for folder in sorted(passed):
        yield SkippedFolder(folder.relative_to(path).as_posix(), FOREIGN)


def is_looked_at(file: Path, folder: Path, languages: Collection[str] = ()) -> bool:
    """Whether `source_files(folder, languages)` would return `file`, a file below that folder."""
    language = language_of_file(file.name)
    if language is None or (languages and language not in languages) or file.name.startswith("."):
        return False
    ignored, licences = Ignored(folder), Licences(folder)
    between = [one for one in file.parents if one != folder and one.is_relative_to(folder)]
    if not file.is_file() or file.is_symlink():
        return False
    return all(_enters(one, ignored) and not licences.are_foreign(one) for one in between) and not ignored(file)


def _is_foreign(folder: Path) -> bool:
    return folder.name in SKIPPED_FOLDERS - NO_CODE and not folder.is_symlink()


def _enters(folder: Path, ignored: Ignored) -> bool:
    name = folder.name
    if name.startswith(".") or name in SKIPPED_FOLDERS or folder.is_symlink():
        return False
    return not (folder / "pyvenv.cfg").exists() and not ignored(folder, is_folder=True)


def _source_file(path: Path, name: str, languages: Collection[str], named: bool = False) -> SourceFile | Skipped | None:
    language = language_of_file(path.name)
    if language is None or (languages and language not in languages):
        return None
    try:
        status = path.stat(follow_symlinks=named)
    except OSError as error:
        return Skipped(name, f"cannot be read: {error.strerror or error}")
    if stat.S_ISLNK(status.st_mode):
        return Skipped(name, "symbolic link")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(name, kind(status.st_mode))
    if status.st_size > MAX_SOURCE_BYTES:
        return Skipped(name, TOO_LARGE)
    if is_generated_name(path.name):
        return Skipped(name, GENERATED)
    return SourceFile(name, path, language, status.st_size, status.st_mtime_ns)


def read_source(file: SourceFile) -> tuple[str, str] | Skipped:
    """Text and note (may be empty) of a file, or why it is skipped."""
    try:
        content = read_regular(file.path, MAX_SOURCE_BYTES + 1)
    except OSError as error:
        return Skipped(file.name, f"cannot be read: {error.strerror or error}")
    if reason := why_not(content):
        return Skipped(file.name, reason)
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
        if len(text.encode()) > MAX_SOURCE_BYTES:  # each replaced byte becomes three
            return Skipped(file.name, TOO_LARGE)
        return text, "not UTF-8: invalid bytes were replaced"


def read_again(file: SourceFile) -> str | None:
    """The text of a file that `read_source` read before; None if it cannot be read now. Its content is not checked."""
    try:
        return read_regular(file.path, MAX_SOURCE_BYTES + 1).decode("utf-8-sig", "replace")
    except OSError:
        return None


def why_not(content: bytes) -> str:
    """Why a file is skipped because of its content; empty if it is not."""
    if len(content) > MAX_SOURCE_BYTES:
        return TOO_LARGE
    if b"\x00" in content:
        return "binary"
    return generated(content)
