"""Runs one scan of a path, or of texts in memory, and returns its report."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from avatar.code.languages import language_of_file, suffixes
from avatar.common.errors import ConfigError, DataError
from avatar.common.hashing import stable_hash
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS
from avatar.serve.scan.clone_rules import MIN_LINES, CloneRules
from avatar.serve.scan.findings import Counts, Location, ScanReport
from avatar.serve.scan.function_vectors import FunctionVectors, Texts
from avatar.serve.scan.last_result import Result, state_of
from avatar.serve.scan.nothing import nothing_to_scan
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.report_of_scan import report_of, result_of
from avatar.serve.scan.scanner import Scanner
from avatar.serve.scan.since import Since, touches
from avatar.serve.scan.source_files import Skipped, SkippedFolder, SourceFile, source_files, why_not
from avatar.serve.scan.student import LazyStudent
from avatar.serve.scan.worth_showing import left_out, worth_showing

_NOT_OF_THE_RESULT = frozenset({"threshold", "fail_on", "since", "parse_seconds", "threads", "cache", "cache_folder"})
"""Options that are not part of a stored result's name. All others are; so is the threshold that is used in the end."""


@dataclass(frozen=True)
class Options:
    """Options of a scan. `min_lines` to `tests` are the rules of `CloneRules`.

    `min_words` is by default 70 for clones and 20 for suspicious functions, to which the other rules do not apply.
    `split_copies`: the functions of copied files and classes are separate findings. If more than `most_functions`
    remain, it is a DataError. The default `threshold` is the student's, but never above `fail_on`. `chance_neighbours`
    limits the distance between clones (see `NeighbourLimit`). `parse_seconds` is the CPU time for parsing one file, by
    default that of `Outliner`. `cross_language`: functions in different languages are compared too; the student must
    be calibrated for it.
    """

    threshold: float | None = None
    fail_on: float | None = None
    min_lines: int = MIN_LINES
    min_words: int | None = None
    simple: bool = False
    tests: bool = False
    split_copies: bool = False
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
    entries = list(source_files(path, options.languages))
    if all(isinstance(entry, SkippedFolder) for entry in entries):
        raise nothing_to_scan(path, options.languages)
    root = str(path.resolve())
    cache = Cache(student.digest, options.cache_folder) if options.cache else NoCache()
    try:
        if since is not None:
            return _computed(path, root, entries, student, options, cache, start, since)[0]
        chosen = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in _NOT_OF_THE_RESULT}
        scope = stable_hash([root, chosen, _threshold(student, options)])
        state = state_of(entries)
        if (known := cache.result(scope, state)) is not None:
            names = [entry.name for entry in entries if isinstance(entry, SourceFile)]
            return _report(path, student, options, known, _counts(names, known.skipped, 0, None), start)
        report, result = _computed(path, root, entries, student, options, cache, start, None)
        if result is not None:
            cache.keep_result(scope, state, result)
        return report
    finally:
        cache.close()
        student.stop()


def _computed(
    path: Path,
    root: str,
    entries: Sequence[SourceFile | Skipped],
    student: LazyStudent,
    options: Options,
    cache: Cache,
    start: float,
    since: Since | None,
) -> tuple[ScanReport, Result | None]:
    """The report, and the result to store; None if a file was left out that may be read in another scan."""
    vectors, rules = FunctionVectors(student, cache), _rules(student, options)

    def take(locations: Sequence[Location], texts: Mapping[str, str]) -> None:
        vectors.take([one for one in locations if rules.keeps(one) and rules.compares(one)], texts)

    at_once = student.bundle.reads_ngrams and since is None
    outliner = Outliner(student.rules, options.parse_seconds)
    try:
        reading = Reading(entries, cache, outliner, take if at_once else None)
        vectors.finish()
        locations = [one for one in reading.places if rules.keeps(one)]
        changed = None
        if since is not None:
            lines = since.changed_lines(reading.files.values())
            changed = [one for one in locations if touches(lines.get(one.file, ()), one.first_line, one.last_line)]
        scanner = _scanner(student, reading.texts, cache, options, vectors)
        findings = scanner.findings(locations, changed, root)
    finally:
        outliner.close()
    split = options.split_copies or since is not None  # what changed is shown function by function
    shown, joined = worth_showing(findings, locations, rules, split, reading.source)
    omitted = [*left_out(rules, reading.places, scanner.lookalikes, reading.folders), *joined]
    result = result_of(shown, reading.places, locations, reading.skipped, reading.notes, omitted)
    counts = _counts(list(reading.files), reading.skipped, reading.parsed, scanner)
    report = _report(path, student, options, result, counts, start)
    return report, result if reading.complete else None


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
        outlined = outliner.of_text(name, content, language)
        locations += outlined.outline.locations
        texts |= outlined.texts
        if outlined.outline.skipped:
            skipped.append(Skipped(name, outlined.outline.skipped))
        if outlined.outline.note:
            notes.append(Skipped(name, outlined.outline.note))
    rules = _rules(student, options)
    large = [one for one in locations if rules.keeps(one)]
    if options.most_functions is not None and len(large) > options.most_functions:
        raise DataError(
            f"there are {len(large)} functions, more than {options.most_functions}", "scan fewer files at once"
        )

    def texts_of(wanted: Sequence[Location]) -> dict[str, str]:
        return {one.key: texts[one.key] for one in wanted}

    _check_languages(student, options)
    scanner = _scanner(student, texts_of, NoCache(), options)
    findings = scanner.findings(large, None, "")
    shown, joined = worth_showing(findings, large, rules, options.split_copies, dict(files).__getitem__)
    omitted = [*left_out(rules, locations, scanner.lookalikes, []), *joined]
    result = result_of(shown, locations, large, skipped, notes, omitted)
    counts = _counts(list(names), skipped, len(files), scanner)
    return _report(None, student, options, result, counts, start)


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


def _scanner(
    student: LazyStudent, texts: Texts, cache: Cache, options: Options, vectors: FunctionVectors | None = None
) -> Scanner:
    threshold, rules = _threshold(student, options), _rules(student, options)
    return Scanner(student, texts, cache, threshold, options.chance_neighbours, options.cross_language, rules, vectors)


def _counts(names: Collection[str], skipped: Sequence[Skipped], parsed: int, scanner: Scanner | None) -> Counts:
    """What was done for files with these `names`; without a `scanner`, nothing was computed."""
    left_out = {one.name for one in skipped}
    return Counts(
        files=len(names),
        files_read=sum(name not in left_out for name in names),
        files_parsed=parsed,
        functions_encoded=0 if scanner is None else scanner.encoded,
        comparisons=0 if scanner is None else scanner.comparisons,
    )


def _report(
    path: Path | None, student: LazyStudent, options: Options, result: Result, done: Counts, start: float
) -> ScanReport:
    return report_of(path, student.bundle, result, done, _threshold(student, options), options.since, start)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _rules(student: LazyStudent, options: Options) -> CloneRules:
    return CloneRules.for_task(
        student.bundle.config.arity,
        options.min_lines,
        options.min_words,
        options.simple,
        options.tests,
    )
