"""Which file an editor's address means, and which addresses mean none."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pygls import uris

UNSAVED = "untitled"
"""The scheme of texts that were never saved; other schemes than this and `file` show versions of files."""


def path_of(address: str) -> str | None:
    """The full path of a `file:` address, links and all; None for other schemes."""
    parts = address.partition(":")
    if parts[0].lower() != "file":
        return None
    if parts[2].lower().startswith("//localhost/"):
        address = "file://" + parts[2][len("//localhost") :]
    path = uris.to_fs_path(address)
    return os.path.abspath(path) if path else None  # noqa: PTH100 - links stay


def known_as(address: str, folders: Sequence[str]) -> str | None:
    """The name of a text that is looked at: its path, or its address where it was never saved; None for others.

    A file below one of the `folders` has one name, whatever links lead to it. Versions of files, as git and its
    friends show them (`git:`, `fugitive:`, an `untitled:` with the path of a file), would be clones of themselves, and
    are not looked at.
    """
    path = path_of(address)
    if path is None:
        parts = urlsplit(address)
        return address if parts.scheme == UNSAVED and not os.path.isfile(unquote(parts.path)) else None  # noqa: PTH113
    real = Path(os.path.realpath(path))
    for folder in folders:
        top = os.path.realpath(folder)
        if real.is_relative_to(top):
            return str(Path(folder) / real.relative_to(top))
    return path
