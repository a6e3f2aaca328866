"""One scan, of a path or of texts at hand, to a report."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.code.languages import language_of_file, suffixes
from avatar.common.errors import DataError
from avatar.serve.languages import language_warnings
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.chance_neighbours import TWINS_BY_CHANCE
from avatar.serve.scan.findings import Counts, Finding, Location, ScanReport
from avatar.serve.scan.outline import outline
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.repository import repository_root
from avatar.serve.scan.scanner import Scanner
from avatar.serve.scan.since import Since, touches
from avatar.serve.scan.source_files import Skipped, source_files, why_not
from avatar.serve.scan.student import LazyStudent


@dataclass(frozen=True)
class Options:
    """What to look at. Smaller functions than `min_lines` lines of code and `min_words` words are left out.

    More than `most_functions` that are left are a DataError. Without a `threshold` it is the student's usual one,
    but never above `fail_on`. `twins_by_chance` says how near clones must be (see `nearness`).
    """

    threshold: float | None = None
    fail_on: float | None = None
    min_lines: int = 5
    min_words: int = 20
    languages: Collection[str] = ()
    most_functions: int | None = None
    twins_by_chance: float = TWINS_BY_CHANCE
    since: str | None = None
    threads: int = 1
    cache: bool = True
    cache_folder: Path | None = None


def scan(path: Path, bundle: Path, options: Options | None = None) -> ScanReport:
    """Clones or suspicious functions below `path`, by the task of the student in the folder `bundle`.

    What is wrong with the path, the bundle or the revision is an AvatarError. Nothing that is read is executed.
    """
    options = options or Options()
    start = time.perf_counter()
    student = LazyStudent(Path(bundle), options.threads)
    since = Since(_folder(path), options.since) if options.since is not None else None
    cache = Cache(student.digest, options.cache_folder) if options.cache else NoCache()
    try:
        reading = Reading(source_files(path, options.languages), cache, student.rules)
        places = [one for one in reading.places if _is_large(one, options)]
        changed = None
        if since is not None:
            lines = since.changed_lines(reading.files.values())
            changed = [one for one in places if touches(lines.get(one.file, ()), one.first_line, one.last_line)]
        scanner = Scanner(student, reading.texts, cache, _threshold(student, options), options.twins_by_chance)
        findings = scanner.findings(places, changed, str(path.resolve()))
    finally:
        cache.close()
    return _report(
        str(path),
        scanner,
        student,
        options,
        findings,
        places,
        _counts(scanner, reading.places, places, len(reading.files), reading.parsed, start),
        reading.skipped,
        reading.notes,
    )


def scan_texts(files: Sequence[tuple[str, str]], student: LazyStudent, options: Options | None = None) -> ScanReport:
    """The same for texts at hand, (name, content) each; the end of a name tells the language.

    A name without a known end, or that comes twice, is a DataError. Nothing is kept; `since` does not apply.
    """
    options = options or Options()
    start = time.perf_counter()
    places: list[Location] = []
    texts: dict[str, str] = {}
    names: set[str] = set()
    skipped, notes = [], []
    for name, content in files:
        language = language_of_file(name)
        if language is None:
            raise DataError(
                f"no language is known for {name!r}", f"end its name in one of {', '.join(sorted(suffixes()))}"
            )
        if name in names:
            raise DataError(f"there are two files named {name!r}", "give each a name of its own")
        names.add(name)
        if options.languages and language not in options.languages:
            continue
        if reason := why_not(content.encode("utf-8", "replace")):
            skipped.append(Skipped(name, reason))
            continue
        found, texts_here = outline(name, content, language, student.rules)
        places += found.places
        texts |= texts_here
        if found.note:
            notes.append(Skipped(name, found.note))
    large = [one for one in places if _is_large(one, options)]
    if options.most_functions is not None and len(large) > options.most_functions:
        raise DataError(
            f"there are {len(large)} functions, more than {options.most_functions}", "scan fewer files at once"
        )
    threshold = _threshold(student, options)

    def own(wanted: Sequence[Location]) -> dict[str, str]:
        return {one.key: texts[one.key] for one in wanted}

    scanner = Scanner(student, own, NoCache(), threshold, options.twins_by_chance)
    findings = scanner.findings(large, None, "")
    counts = _counts(scanner, places, large, len(files), len(files), start)
    return _report("", scanner, student, options, findings, large, counts, skipped, notes)


def _threshold(student: LazyStudent, options: Options) -> float:
    if options.threshold is not None:
        return options.threshold
    return student.usual_threshold if options.fail_on is None else min(student.usual_threshold, options.fail_on)


def _counts(
    scanner: Scanner, all_places: Sequence[Location], places: Sequence[Location], files: int, parsed: int, start: float
) -> Counts:
    return Counts(
        files=files,
        files_parsed=parsed,
        functions=len(places),
        functions_too_small=len(all_places) - len(places),
        functions_distinct=len({one.key for one in places}),
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
    places: Sequence[Location],
    counts: Counts,
    skipped: Sequence[Skipped],
    notes: Sequence[Skipped],
) -> ScanReport:
    config = student.bundle.config
    return ScanReport(
        root=root,
        task=config.task,
        label=config.labels[1],
        threshold=scanner.threshold,
        findings=tuple(findings),
        counts=counts,
        skipped=skipped,
        notes=notes,
        warnings=language_warnings(config, {language_of_file(place.file) for place in places}),
        since=options.since,
        bundle=str(student.bundle.folder),
        repository=_repository(root),
    )


def _repository(root: str) -> str:
    return str(repository_root(_folder(Path(root)).resolve()) or "") if root else ""


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _is_large(place: Location, options: Options) -> bool:
    return place.code_lines >= options.min_lines and place.words >= options.min_words
