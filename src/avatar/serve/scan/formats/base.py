"""The registry of output formats, and the words they share."""

from collections.abc import Callable

from avatar.common.registry import Registry
from avatar.serve.scan.findings import Finding, Location, ScanReport

FORMATS: Registry[Callable[[ScanReport], str]] = Registry("format")


def headline(finding: Finding, label: str) -> str:
    """One line that says what was found: "3 functions are clones (0.97)"."""
    if len(finding.functions) == 1:
        return f"{finding.functions[0].name}: {label} ({finding.probability:.2f})"
    kind = "exact duplicates" if finding.exact else f"alike ({label} {finding.probability:.2f})"
    return f"{len(finding.functions)} functions are {kind}"


def where(place: Location) -> str:
    """File and lines, as editors and terminals make links of."""
    return f"{place.file}:{place.first_line}-{place.last_line}"


def summary(report: ScanReport) -> str:
    """How much was looked at, and how long it took."""
    counts = report.counts
    since = "" if report.since is None else f" changed since {report.since}"
    what = "group(s) of clones" if report.task == "pair" else "suspicious function(s)"
    return (
        f"{len(report.findings)} {what}{since} of probability {report.threshold:g} or more, in {counts.functions} "
        f"functions of {counts.files} files ({counts.functions_too_small} smaller ones left out); "
        f"{counts.seconds:.1f} s"
    )
