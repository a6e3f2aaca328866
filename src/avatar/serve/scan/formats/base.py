"""The registry of output formats, and the sentences they share."""

from collections.abc import Callable

from avatar.common.printable import printable
from avatar.common.registry import Registry
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.findings import Finding, Location, ScanReport

FORMATS: Registry[Callable[[ScanReport], str]] = Registry("format")


def headline(finding: Finding, label: str) -> str:
    """One line about a finding, such as "3 functions are alike (clone 0.97)"."""
    if len(finding.functions) == 1:
        return f"{printable(finding.functions[0].name)}: {printable(label)} ({finding.probability:.2f})"
    kind = "exact duplicates" if finding.exact else f"alike ({printable(label)} {finding.probability:.2f})"
    if finding.kind and not finding.exact:
        kind = f"{finding.kind} clones ({finding.probability:.2f}): {CloneKind(finding.kind).reason}"
    return f"{len(finding.functions)} functions are {kind}"


def where(location: Location) -> str:
    """File and lines, in the form that editors and terminals turn into links."""
    return f"{printable(location.file)}:{location.first_line}-{location.last_line}"


def summary(report: ScanReport) -> str:
    """One sentence: number of findings, size of the scan, time."""
    counts = report.counts
    since = "" if report.since is None else f" changed since {printable(report.since)}"
    what = "suspicious function(s)" if report.task == "function" else "group(s) of clones"
    return (
        f"{len(report.findings)} {what}{since} of probability {report.threshold:g} or more, in {counts.functions} "
        f"functions of {counts.files} files ({counts.functions_too_small} smaller ones left out); "
        f"{counts.seconds:.1f} s"
    )
