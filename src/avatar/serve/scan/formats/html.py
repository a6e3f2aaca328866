"""One HTML page without scripts and without external files."""

from html import escape
from itertools import islice
from pathlib import Path

from avatar.code.functions import MAX_SOURCE_BYTES
from avatar.code.text import clean
from avatar.common.printable import printable
from avatar.common.regular_files import read_regular
from avatar.serve.scan.findings import Finding, Location, ScanReport
from avatar.serve.scan.formats.base import FORMATS, headline, summary, where

FINDINGS = 500
MEMBERS = 20
LINES = 120
"""Most findings, functions of one finding, and lines of one function that are shown."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --quiet: #8882; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.5rem; }}
h2 {{ font-size: 1.15rem; }}
details {{ border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem; }}
summary {{ cursor: pointer; overflow-wrap: anywhere; }}
.members {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: .8rem; }}
.members > div {{ min-width: 0; }}
.location {{ font-weight: 600; overflow-wrap: anywhere; margin: .6rem 0 .2rem; }}
pre {{ background: var(--quiet); border-radius: .3rem; margin: 0; padding: .6rem; overflow-x: auto; }}
pre {{ font: 13px/1.45 ui-monospace, monospace; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{summary}</p>
{warnings}
{findings}
{left_out}
</main>
</body>
</html>
"""


@FORMATS.register("html")
def html(report: ScanReport) -> str:
    """The first `FINDINGS` findings, with their code as it is in the files now."""
    folder = Path(report.root)
    folder = folder.parent if folder.is_file() else folder
    sources: dict[str, list[str]] = {}
    parts = [_finding(finding, report, folder, sources) for finding in islice(report.findings, FINDINGS)]
    if len(report.findings) > FINDINGS:
        parts.append(f"<p>{len(report.findings) - FINDINGS} more are in the JSON report.</p>")
    left_out = [
        f"<li>{escape(printable(entry.name))}: {escape(printable(entry.reason))}</li>"
        for entry in (*report.skipped, *report.notes)
    ]
    return _PAGE.format(
        title=escape("Clones" if report.task != "function" else "Suspicious functions"),
        summary=escape(summary(report)),
        warnings="\n".join(f"<p>Warning: {escape(printable(warning))}.</p>" for warning in report.warnings),
        findings="\n".join(parts) or "<p>No findings.</p>",
        left_out=f"<h2>Files skipped, or parsed only in part</h2>\n<ul>{''.join(left_out)}</ul>" if left_out else "",
    )


def _finding(finding: Finding, report: ScanReport, folder: Path, sources: dict[str, list[str]]) -> str:
    shown = [_function(location, folder, sources) for location in finding.functions[:MEMBERS]]
    rest = "".join(
        f"<li>{escape(where(location))} {escape(printable(location.name))}</li>"
        for location in finding.functions[MEMBERS:]
    )
    first = finding.functions[0]
    title = headline(finding, report.label) + (f": {printable(first.name)}" if len(finding.functions) > 1 else "")
    more = f"<ul>{rest}</ul>" if rest else ""
    members = f'<div class="members">{"".join(shown)}</div>'
    return f"<details><summary>{escape(title)}</summary>{members}{more}</details>"


def _function(location: Location, folder: Path, sources: dict[str, list[str]]) -> str:
    if location.file not in sources:
        try:
            content = read_regular(folder / location.file, MAX_SOURCE_BYTES)
            sources[location.file] = clean(content.decode("utf-8", "replace")).split("\n")
        except OSError:
            sources[location.file] = []
    lines = sources[location.file][location.first_line - 1 : location.last_line]
    code = "\n".join(line.rstrip() for line in lines[:LINES]) + ("\n..." if len(lines) > LINES else "")
    return (
        f'<div><p class="location">{escape(where(location))} {escape(printable(location.name))}</p>'
        f'<pre tabindex="0"><code>{escape(printable(code, lines=True))}</code></pre></div>'
    )
