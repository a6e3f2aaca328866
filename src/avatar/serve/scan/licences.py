"""Which folders hold another project's code: those with a licence of their own."""

import os
import re
from functools import cache
from pathlib import Path

from avatar.code.languages.base import words
from avatar.common.regular_files import read_regular

_NAME = re.compile(
    r"(?:\w+(?:-\w+)*-)?(?:un)?licen[sc]e(?:-\w+)?(?:\.(?:txt|md|rst|html?))?|copying(?:-\w+)?(?:\.(?:txt|md|rst))?",
    re.IGNORECASE,
)
_OWN = words("src source sources lib libs include main app core packages modules doc docs")
"""Folders that hold a project's own code or its manual, also if a licence lies in them."""
MOST_BYTES = 200_000
_WORD = re.compile(rb"[a-z]+")


class Licences:
    """The licences in the folders from `top` down."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._texts = cache(_texts)

    def are_foreign(self, folder: Path) -> bool:
        """Whether `folder`, below `top`, has a licence, and the next folder above that has one has none of the same.

        Years and signs do not count: a package of the same project often has a copy of the project's licence.
        """
        if folder.name.lower() in _OWN or not (own := self._texts(folder)):
            return False
        for above in folder.parents:
            if others := self._texts(above):
                return own.isdisjoint(others)
            if above == self._top:
                break
        return False


def _texts(folder: Path) -> frozenset[bytes]:
    """The words of each licence in a folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _NAME.fullmatch(entry.name) and entry.is_file()]
        contents = [read_regular(folder / name, MOST_BYTES) for name in names]
    except OSError:
        return frozenset()  # whoever reads the folder says why it cannot be read
    return frozenset(filter(None, (b" ".join(_WORD.findall(content.lower())) for content in contents)))
