"""Folders of any depth. `os.walk` of Python 3.11 calls itself for each level, and fails at about 1,000."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def folders_below(top: Path, enters: Callable[[Path], bool]) -> Iterator[tuple[Path, list[str], str]]:
    """Each folder from `top` down for which `enters` is true, the sorted names of its files, and why it is unreadable.

    The subfolders of a folder come directly after it, sorted. Links to folders are not followed.
    """
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not _is_folder(entry):
                        files.append(entry.name)
                    elif not entry.is_symlink():
                        folders.append(entry.name)
        except OSError as error:
            yield folder, [], f"cannot be read: {error.strerror or error}"
            continue
        yield folder, sorted(files), ""
        waiting += [one for name in sorted(folders, reverse=True) if enters(one := folder / name)]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
