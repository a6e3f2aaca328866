"""Lines of files that changed since the merge base with a git revision."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from avatar.code.functions import MAX_SOURCE_BYTES
from avatar.common.errors import DataError
from avatar.common.regular_files import read_regular
from avatar.serve.scan.line_changes import Range, changed_ranges
from avatar.serve.scan.repository import HINT, Repository, blob_id, repository_root
from avatar.serve.scan.source_files import SourceFile

EVERYTHING: Sequence[Range] = ((1, 10**9),)
"""The changed lines of a file that is not in the revision."""

_IDENT = re.compile(rb"\$Id:[^$\n]*\$")


class Since:
    """The state of `folder` at the merge base of HEAD and `revision`.

    Later commits of `revision` do not count as changes. A missing git or repository, an unknown revision, and
    histories without a common commit, are a DataError.
    """

    def __init__(self, folder: Path, revision: str) -> None:
        self._folder = folder.resolve()
        root = repository_root(self._folder)
        if root is None:
            raise DataError(f"{self._folder} is not in a git repository", HINT)
        self._repository = Repository(root)
        self._commit = self._repository.merge_base(revision)

    def changed_lines(self, files: Iterable[SourceFile]) -> Mapping[str, Sequence[Range]]:
        """By name: changed lines of the changed files; all lines of a new file.

        Line ends do not count. Files of a nested repository (a submodule) have their own history, and count as
        unchanged.
        """
        below = self._folder.relative_to(self._repository.root)
        known = self._repository.files(self._commit, b"" if below == Path() else os.fsencode(below.as_posix()))
        names = self._names(files)
        changed: dict[str, Sequence[Range]] = {}
        touched: dict[str, list[tuple[str, bytes]]] = {}
        for file, name in names:
            identity = known.get(name)
            if identity is None:
                changed[file.name] = EVERYTHING
                continue
            content = _read(file.path)
            if content is not None and identity not in _identities(content, identity):
                touched.setdefault(identity, []).append((file.name, content))
        for identity, old in self._repository.contents(list(touched), MAX_SOURCE_BYTES):
            for name_here, content in touched.pop(identity):
                ranges = EVERYTHING if old is None else changed_ranges(_plain(old), _plain(content))
                if ranges:
                    changed[name_here] = ranges
        return changed

    def _names(self, files: Iterable[SourceFile]) -> list[tuple[SourceFile, bytes]]:
        """The files of this repository, and their paths in it."""
        prefixes: dict[Path, bytes | None] = {}
        named = []
        for file in files:
            folder = file.path.parent
            if folder not in prefixes:
                prefixes[folder] = self._prefix(folder.resolve())
            prefix = prefixes[folder]
            if prefix is not None:
                named.append((file, prefix + os.fsencode(file.path.name)))
        return named

    def _prefix(self, folder: Path) -> bytes | None:
        root = self._repository.root
        if not folder.is_relative_to(root) or repository_root(folder) != root:
            return None
        below = folder.relative_to(root)
        return b"" if below == Path() else os.fsencode(below.as_posix()) + b"/"


def touches(ranges: Sequence[Range], first: int, last: int) -> bool:
    """Whether one of the lines `first` to `last` is in `ranges`."""
    return any(start <= last and first <= end for start, end in ranges)


def _read(path: Path) -> bytes | None:
    try:
        return read_regular(path)
    except OSError:
        return None  # the scan reports this file as skipped


def _identities(content: bytes, like: str) -> Iterable[str]:
    yield blob_id(content, like)
    plain = _plain(content)
    if plain != content:
        yield blob_id(plain, like)


def _plain(content: bytes) -> bytes:
    """The text as git stores it if it converts line ends and expands `$Id$`."""
    return _IDENT.sub(b"$Id$", content.replace(b"\r\n", b"\n"))
