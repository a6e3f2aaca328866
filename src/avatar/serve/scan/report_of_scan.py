"""The report of a scan, from its findings."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from avatar.bundle import Bundle
from avatar.code.languages import language_of_file
from avatar.serve.languages import language_warnings
from avatar.serve.scan.findings import Counts, Finding, LeftOut, Location, ScanReport
from avatar.serve.scan.last_result import Result
from avatar.serve.scan.nothing import nothing_scanned
from avatar.serve.scan.repository import repository_root
from avatar.serve.scan.source_files import Skipped


def result_of(
    findings: Sequence[Finding],
    all_locations: Sequence[Location],
    locations: Sequence[Location],
    skipped: Sequence[Skipped],
    notes: Sequence[Skipped],
    left_out: Sequence[LeftOut],
) -> Result:
    """The result with these findings. `locations` are the functions that are large enough, of `all_locations`."""
    languages = {language_of_file(file) for file in {one.file for one in locations}}
    return Result(
        findings=tuple(findings),
        functions=len(locations),
        functions_too_small=len(all_locations) - len(locations),
        functions_distinct=len({one.key for one in locations}),
        languages=tuple(sorted(name for name in languages if name is not None)),
        skipped=tuple(skipped),
        notes=tuple(notes),
        left_out=tuple(one for one in left_out if one.count),
    )


def report_of(
    path: Path | None, bundle: Bundle, result: Result, done: Counts, threshold: float, since: str | None, start: float
) -> ScanReport:
    """The report of a result; `path` is None for texts in memory.

    `done` counts what was not in the cache, `start` is when the scan began (`time.perf_counter`).
    """
    config = bundle.config
    counts = replace(
        done,
        functions=result.functions,
        functions_too_small=result.functions_too_small,
        functions_distinct=result.functions_distinct,
        seconds=time.perf_counter() - start,
    )
    folder = None if path is None else (path if path.is_dir() else path.parent).resolve()
    return ScanReport(
        root="" if path is None else str(path),
        task="pair" if config.arity == 2 else config.task,
        label=config.labels[1],
        threshold=threshold,
        findings=result.findings,
        counts=counts,
        skipped=result.skipped,
        notes=result.notes,
        warnings=[
            *([nothing_scanned(counts, len(result.skipped))] if not result.functions else []),
            *language_warnings(config, result.languages),
        ],
        left_out=result.left_out,
        since=since,
        bundle=str(bundle.folder),
        repository="" if folder is None else str(repository_root(folder) or ""),
    )
