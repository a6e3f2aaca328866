"""Text for a terminal: the findings of the highest rank."""

from avatar.common.printable import printable
from avatar.serve.scan.findings import ScanReport
from avatar.serve.scan.formats.base import FORMATS, headline, left_out, summary, where

FINDINGS = 25
MEMBERS = 6
SKIPPED = 10


@FORMATS.register("table")
def table(report: ScanReport) -> str:
    """The first `FINDINGS` findings with at most `MEMBERS` functions each, and the skipped files."""
    lines = []
    for number, finding in enumerate(report.findings[:FINDINGS], start=1):
        lines.append(f"{number:3}. {headline(finding, report.label)}")
        shown = finding.functions[:MEMBERS]
        width = max(len(where(location)) for location in shown)
        for row, location in enumerate(shown):
            mark = "*" if row < finding.changed else " "
            lines.append(f"   {mark} {where(location):<{width}}  {printable(location.name)}")
        if more := len(finding.functions) - len(shown):
            lines.append(f"     ... and {more} more")
    if (more := len(report.findings) - FINDINGS) > 0:
        lines.append(f"... and {more} more; --format json or html shows all")
    if lines:
        lines.append("")
    lines += [f"warning: {printable(warning)}" for warning in report.warnings]
    for title, entries in (("skipped", report.skipped), ("note", report.notes)):
        lines += [f"{title}: {printable(entry.name)}: {printable(entry.reason)}" for entry in entries[:SKIPPED]]
        if (more := len(entries) - SKIPPED) > 0:
            lines.append(f"{title}: ... and {more} more")
    lines += [f"left out: {line}" for line in left_out(report)]
    if report.since is not None and report.findings:
        lines.append("* changed")
    return "\n".join([*lines, summary(report), ""])
