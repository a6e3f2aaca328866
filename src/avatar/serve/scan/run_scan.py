"""Runs one scan of a path, or of texts in memory, and returns its report."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.code.languages import language_of_file, suffixes
from avatar.common.errors import ConfigError, DataError
from avatar.serve.languages import language_warnings
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS
from avatar.serve.scan.findings import Counts, Finding, Location, ScanReport
from avatar.serve.scan.nothing import nothing_scanned, nothing_to_scan
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.repository import repository_root
from avatar.serve.scan.scanner import Scanner
from avatar.serve.scan.since import Since, touches
from avatar.serve.scan.source_files import Skipped, source_files, why_not
from avatar.serve.scan.student import LazyStudent


@dataclass(frozen=True)
class Options:
    """Options of a scan. Functions below `min_lines` lines of code or `min_words` words are left out.

    If more than `most_functions` remain, it is a DataError. The default `threshold` is the student's, but never above
    `fail_on`. `chance_neighbours` limits the distance between clones (see `NeighbourLimit`). `parse_seconds` is the CPU
    time for parsing one file, by default that of `Outliner`.
    `cross_language`: functions in different languages are compared too; the student must be calibrated for it.
    """

    threshold: float | None = None
    fail_on: float | None = None
    min_lines: int = 5
    min_words: int = 20
    languages: Collection[str] = ()
    most_functions: int | None = None
    chance_neighbours: float = CHANCE_NEIGHBOURS
    cross_language: bool = False
    since: str | None = None
    parse_seconds: float | None = None
    threads: int = 1
    cache: bool = True
    cache_folder: Path | None = None


def scan(path: Path, bundle: Path, options: Options | None = None) -> ScanReport:
    """Clones or suspicious functions below `path`, by the task of the student in the folder `bundle`.

    A wrong path, bundle or revision is an AvatarError. Scanned code is never executed.
    """
    options = options or Options()
    start = time.perf_counter()
    student = LazyStudent(Path(bundle), options.threads)
    _check_languages(student, options)
    since = Since(_folder(path), options.since) if options.since is not None else None
    cache = Cache(student.digest, options.cache_folder) if options.cache else NoCache()
    outliner = Outliner(student.rules, options.parse_seconds)
    try:
        reading = Reading(source_files(path, options.languages), cache, outliner)
        if not reading.files and not reading.skipped:
            raise nothing_to_scan(path, options.languages)
        locations = [one for one in reading.places if _is_large(one, options)]
        changed = None
        if since is not None:
            lines = since.changed_lines(reading.files.values())
            changed = [one for one in locations if touches(lines.get(one.file, ()), one.first_line, one.last_line)]
        scanner = Scanner(
            student,
            reading.texts,
            cache,
            _threshold(student, options),
            options.chance_neighbours,
            options.cross_language,
        )
        findings = scanner.findings(locations, changed, str(path.resolve()))
    finally:
        outliner.close()
        cache.close()
        student.stop()
    return _report(
        str(path),
        scanner,
        student,
        options,
        findings,
        locations,
        _counts(
            scanner,
            reading.places,
            locations,
            len(reading.files),
            len(reading.files.keys() - {one.name for one in reading.skipped}),
            reading.parsed,
            start,
        ),
        reading.skipped,
        reading.notes,
    )


def scan_texts(
    files: Sequence[tuple[str, str]],
    student: LazyStudent,
    options: Options | None = None,
    outliner: Outliner | None = None,
) -> ScanReport:
    """The same for texts in memory, (name, content) each; the suffix of a name gives the language.

    An unknown suffix, or a name that comes twice, is a DataError. There is no cache; `since` is ignored. Without an
    `outliner`, its process is started for this call.
    """
    options = options or Options()
    if outliner is None:
        outliner = Outliner(student.rules, options.parse_seconds)
        try:
            return scan_texts(files, student, options, outliner)
        finally:
            outliner.close()
    start = time.perf_counter()
    locations: list[Location] = []
    texts: dict[str, str] = {}
    names: set[str] = set()
    skipped, notes = [], []
    for name, content in files:
        language = language_of_file(name)
        if language is None:
            raise DataError(
                f"the language of {name!r} is unknown",
                f"give a name that ends in one of {', '.join(sorted(suffixes()))}",
            )
        if name in names:
            raise DataError(f"there are two files named {name!r}", "give each file a different name")
        names.add(name)
        if options.languages and language not in options.languages:
            continue
        if reason := why_not(content.encode("utf-8", "replace")):
            skipped.append(Skipped(name, reason))
            continue
        result = outliner.of_text(name, content, language)
        locations += result.outline.locations
        texts |= result.texts
        if result.outline.skipped:
            skipped.append(Skipped(name, result.outline.skipped))
        if result.outline.note:
            notes.append(Skipped(name, result.outline.note))
    large = [one for one in locations if _is_large(one, options)]
    if options.most_functions is not None and len(large) > options.most_functions:
        raise DataError(
            f"there are {len(large)} functions, more than {options.most_functions}", "scan fewer files at once"
        )
    threshold = _threshold(student, options)

    def texts_of(wanted: Sequence[Location]) -> dict[str, str]:
        return {one.key: texts[one.key] for one in wanted}

    _check_languages(student, options)
    scanner = Scanner(student, texts_of, NoCache(), threshold, options.chance_neighbours, options.cross_language)
    findings = scanner.findings(large, None, "")
    read = len(names) - len(skipped)
    counts = _counts(scanner, locations, large, len(files), read, len(files), start)
    return _report("", scanner, student, options, findings, large, counts, skipped, notes)


def _check_languages(student: LazyStudent, options: Options) -> None:
    if options.cross_language and not student.is_calibrated:
        raise ConfigError(
            f"the student in {student.bundle.folder} cannot compare functions in different languages",
            "use the student that is installed with avatar: leave --bundle out",
        )


def _threshold(student: LazyStudent, options: Options) -> float:
    if options.threshold is not None:
        return options.threshold
    return student.usual_threshold if options.fail_on is None else min(student.usual_threshold, options.fail_on)


def _counts(
    scanner: Scanner,
    all_locations: Sequence[Location],
    locations: Sequence[Location],
    files: int,
    read: int,
    parsed: int,
    start: float,
) -> Counts:
    return Counts(
        files=files,
        files_read=read,
        files_parsed=parsed,
        functions=len(locations),
        functions_too_small=len(all_locations) - len(locations),
        functions_distinct=len({one.key for one in locations}),
        functions_encoded=scanner.encoded,
        comparisons=scanner.comparisons,
        seconds=time.perf_counter() - start,
    )


def _report(
    root: str,
    scanner: Scanner,
    student: LazyStudent,
    options: Options,
    findings: Sequence[Finding],
    locations: Sequence[Location],
    counts: Counts,
    skipped: Sequence[Skipped],
    notes: Sequence[Skipped],
) -> ScanReport:
    config = student.bundle.config
    return ScanReport(
        root=root,
        task="pair" if config.arity == 2 else config.task,
        label=config.labels[1],
        threshold=scanner.threshold,
        findings=tuple(findings),
        counts=counts,
        skipped=skipped,
        notes=notes,
        warnings=[
            *([nothing_scanned(counts, len(skipped))] if not locations else []),
            *language_warnings(config, {language_of_file(location.file) for location in locations}),
        ],
        since=options.since,
        bundle=str(student.bundle.folder),
        repository=_repository(root),
    )


def _repository(root: str) -> str:
    return str(repository_root(_folder(Path(root)).resolve()) or "") if root else ""


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _is_large(location: Location, options: Options) -> bool:
    return location.code_lines >= options.min_lines and location.words >= options.min_words
