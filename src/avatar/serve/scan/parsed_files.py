"""The functions of all files of a scan; unchanged files come from the cache."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.source_files import Skipped, SkippedFolder, SourceFile, read_again

FILES = 200
"""Files whose outlines are stored together: a scan that is interrupted need not read them again."""


class Reading:
    """`places`: all functions by file and line. `skipped`: files left out. `notes`: remarks about the other files.

    `folders`: names of folders of third-party code or build results, which were not entered.
    The texts of a file that is read now are kept in memory; with `take`, they are given to it instead. `complete`:
    all files were read within their budget.
    """

    def __init__(
        self,
        entries: Iterable[SourceFile | Skipped],
        cache: Cache,
        outliner: Outliner,
        take: Callable[[Sequence[Location], Mapping[str, str]], None] | None = None,
    ) -> None:
        self._outliner = outliner
        self.files: dict[str, SourceFile] = {}
        self.skipped: list[Skipped] = []
        self.folders: list[str] = []
        for entry in entries:
            if isinstance(entry, SkippedFolder):
                self.folders.append(entry.name)
            elif isinstance(entry, Skipped):
                self.skipped.append(entry)
            else:
                self.files[entry.name] = entry
        self._texts: dict[str, str] = {}
        outlines = cache.outlines(list(self.files.values()))
        new = [file for file in self.files.values() if file.name not in outlines]
        self.parsed = len(new)
        self.complete = True
        final: list[tuple[SourceFile, FileOutline]] = []
        for file, result in progress(outliner.of_files(new), "reading files", len(new)):
            outlines[file.name] = result.outline
            if take is None:
                self._keep(result.texts)
            else:
                take(result.outline.locations, result.texts)
            if result.ended:  # with more time, its result may be another
                self.complete = False
                continue
            final.append((file, result.outline))
            if len(final) >= FILES:
                cache.keep_outlines(final)
                final.clear()
        cache.keep_outlines(final)
        self.skipped += [Skipped(name, outlines[name].skipped) for name in self.files if outlines[name].skipped]
        self.notes = [Skipped(name, outlines[name].note) for name in self.files if outlines[name].note]
        self.places = [location for name in self.files for location in outlines[name].locations]

    def texts(self, locations: Sequence[Location]) -> dict[str, str]:
        """Text of these functions by key. A file is read again if its texts are not in memory."""
        for location in locations:
            if location.key not in self._texts:
                for _, result in self._outliner.of_files([self.files[location.file]]):
                    self._keep(result.texts)
            if location.key not in self._texts:
                raise _changed(location.file)
        return {location.key: self._texts[location.key] for location in locations}

    def source(self, name: str) -> str:
        """The text of a file that was read before; a DataError if it cannot be read now."""
        text = read_again(self.files[name])
        if text is None:
            raise _changed(name)
        return text

    def _keep(self, texts: Mapping[str, str]) -> None:
        for key, text in texts.items():
            self._texts.setdefault(key, text)


def _changed(file: str) -> DataError:
    return DataError(f"{file} changed while it was scanned", "scan again; if the error stays, add --no-cache")
