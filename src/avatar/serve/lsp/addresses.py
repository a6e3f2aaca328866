"""The file that an editor's address (URI) names, if any."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pygls import uris

UNSAVED = "untitled"
"""The scheme of texts that were never saved. Schemes other than this and `file` name old versions of files."""


def problem(address: str) -> str:
    """Why no file and no text can have this address, or ""."""
    try:
        urlsplit(address)
        os.fsencode(name := unquote(address))
    except UnicodeError:
        return "it has a character that no name of a file can have"
    except ValueError as error:  # for example brackets that are not closed
        return f"it is no address: {error}"
    return "it has a null byte" if "\0" in name else ""


def path_of(address: str) -> str | None:
    """The absolute path of a `file:` address, links not resolved; None for other schemes, and if it has a `problem`."""
    if problem(address):
        return None
    parts = address.partition(":")
    if parts[0].lower() != "file":
        return None
    if parts[2].lower().startswith("//localhost/"):
        address = "file://" + parts[2][len("//localhost") :]
    path = uris.to_fs_path(address)
    return os.path.abspath(path) if path else None  # noqa: PTH100 - links stay


def text_name(address: str, folders: Sequence[str]) -> str | None:
    """The name of a text in the index: its path, or its address if it was never saved; None if it is not indexed.

    A file below one of the `folders` has one name, independent of links. Old versions of files (`git:`, `fugitive:`,
    an `untitled:` with the path of a file) are not indexed: they would be clones of the file itself. An address that
    has a `problem` is not indexed either.
    """
    if problem(address):
        return None
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
