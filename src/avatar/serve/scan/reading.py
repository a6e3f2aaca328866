"""Functions of all files of a scan, from the cache where a file is as it was."""

import re
from collections.abc import Collection, Sequence
from hashlib import blake2b
from pathlib import Path

from avatar.code.functions import SourceFunction, functions_of
from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.files import Skipped, SourceFile, read_source, source_files
from avatar.serve.scan.report import FileOutline, Place

_WORD = re.compile(r"\w+|[^\w\s]")
_FAMILY = {"cpp": "c"}


def family(language: str) -> str:
    """The language whose functions this one's are compared with: C and C++ share headers, and so code."""
    return _FAMILY.get(language, language)


class Reading:
    """`places` are all functions by file and line, `skipped` the files left out, `notes` about the others."""

    def __init__(self, path: Path, languages: Collection[str], cache: Cache) -> None:
        self.files: dict[str, SourceFile] = {}
        self.skipped: list[Skipped] = []
        for entry in source_files(path, languages):
            if isinstance(entry, Skipped):
                self.skipped.append(entry)
            else:
                self.files[entry.name] = entry
        self._texts: dict[str, str] = {}
        outlines = cache.outlines(list(self.files.values()))
        new = [file for file in self.files.values() if file.name not in outlines]
        self.parsed = len(new)
        for file in progress(new, "reading files"):
            outlines[file.name] = self._outline(file)
        cache.keep_outlines((file, outlines[file.name]) for file in new)
        self.skipped += [Skipped(name, outlines[name].skipped) for name in self.files if outlines[name].skipped]
        self.notes = [Skipped(name, outlines[name].note) for name in self.files if outlines[name].note]
        self.places = [place for name in self.files for place in outlines[name].places]

    def texts(self, places: Sequence[Place]) -> dict[str, str]:
        """Text by key of these functions, one for each key; files are read again where it is not at hand."""
        for place in places:
            if place.key not in self._texts:
                self._outline(self.files[place.file])
            if place.key not in self._texts:
                raise DataError(
                    f"{place.file} changed while it was scanned", "scan again, with --no-cache if this stays"
                )
        return {place.key: self._texts[place.key] for place in places}

    def _outline(self, file: SourceFile) -> FileOutline:
        read = read_source(file)
        if isinstance(read, Skipped):
            return FileOutline(skipped=read.reason)
        source, note = read
        found = functions_of(source, file.language)
        places = []
        for function in found.functions:
            key = _key(function)
            self._texts.setdefault(key, function.text)
            places.append(_place(file.name, function, key))
        return FileOutline(tuple(places), "; ".join(filter(None, (note, found.note))))


def _place(file: str, function: SourceFunction, key: str) -> Place:
    return Place(
        file,
        function.name,
        function.first_line,
        function.last_line,
        function.language,
        key,
        sum(1 for line in function.text.split("\n") if line.strip()),
        len(_WORD.findall(function.text)),
    )


def _key(function: SourceFunction) -> str:
    """Digest of the language family and of the text up to whitespace."""
    text = f"{family(function.language)} {' '.join(function.text.split())}"
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
