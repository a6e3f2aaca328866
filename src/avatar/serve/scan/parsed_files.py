"""Functions of all files of a scan, from the cache where a file is as it was."""

from collections.abc import Iterable, Sequence

from avatar.code.text import TextRules
from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.outline import outline
from avatar.serve.scan.source_files import Skipped, SourceFile, read_source


class Reading:
    """`places` are all functions by file and line, `skipped` the files left out, `notes` about the others."""

    def __init__(self, entries: Iterable[SourceFile | Skipped], cache: Cache, rules: TextRules) -> None:
        self._rules = rules
        self.files: dict[str, SourceFile] = {}
        self.skipped: list[Skipped] = []
        for entry in entries:
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

    def texts(self, places: Sequence[Location]) -> dict[str, str]:
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
        found, texts = outline(file.name, source, file.language, self._rules, note)
        for key, text in texts.items():
            self._texts.setdefault(key, text)
        return found
