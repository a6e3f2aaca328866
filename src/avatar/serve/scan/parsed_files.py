"""The functions of all files of a scan; unchanged files come from the cache."""

from collections.abc import Iterable, Sequence

from avatar.code.text import TextRules
from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.outline import outline
from avatar.serve.scan.source_files import Skipped, SourceFile, read_source


class Reading:
    """`places`: all functions by file and line. `skipped`: files left out. `notes`: remarks about the other files."""

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
        self.places = [location for name in self.files for location in outlines[name].locations]

    def texts(self, locations: Sequence[Location]) -> dict[str, str]:
        """Text of these functions by key. A file is read again if its texts are not in memory."""
        for location in locations:
            if location.key not in self._texts:
                self._outline(self.files[location.file])
            if location.key not in self._texts:
                raise DataError(
                    f"{location.file} changed while it was scanned", "scan again; if the error stays, add --no-cache"
                )
        return {location.key: self._texts[location.key] for location in locations}

    def _outline(self, file: SourceFile) -> FileOutline:
        content = read_source(file)
        if isinstance(content, Skipped):
            return FileOutline(skipped=content.reason)
        source, note = content
        result, texts = outline(file.name, source, file.language, self._rules, note)
        for key, text in texts.items():
            self._texts.setdefault(key, text)
        return result
