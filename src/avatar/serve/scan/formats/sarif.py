"""SARIF 2.1.0: the format in which GitHub, GitLab, Azure DevOps and editors read findings."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from avatar import __version__
from avatar.common.hashing import stable_hash
from avatar.common.printable import printable_json
from avatar.serve.scan.findings import Finding, Location, ScanReport
from avatar.serve.scan.formats.base import FORMATS, headline, where
from avatar.serve.scan.source_files import Skipped

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RELATED = 50
"""Most other members of a group that are listed as related locations."""

_RULES = {
    "pair": ("clone", "CloneGroup", "Functions that do the same", "The functions of this group look like clones."),
    "function": (
        "suspicious",
        "SuspiciousFunction",
        "A suspicious function",
        "A model predicts that this function is faulty.",
    ),
}


@FORMATS.register("sarif")
def sarif(report: ScanReport) -> str:
    """One run with a result for each finding: located at its first function, the others as related locations.

    File names are relative to the top of the git repository, as GitHub expects, or else to the scanned folder.
    """
    base = Path(report.repository) if report.repository else _folder(report.root)
    report = _named_from(base, report)
    rule, name, short, full = _RULES[report.task]
    driver = {
        "name": "avatar",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": rule,
                "name": name,
                "shortDescription": {"text": short},
                "fullDescription": {"text": full},
                "defaultConfiguration": {"level": "warning"},
                "properties": {"tags": ["security" if report.task == "function" else "maintainability"]},
            }
        ],
    }
    notes = [_notification(one, "warning") for one in report.skipped] + [
        _notification(one, "note") for one in report.notes
    ]
    warnings = [{"level": "warning", "message": {"text": warning}} for warning in report.warnings]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": base.as_uri() + "/"}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [*warnings, *notes]}],
        "results": [_result(finding, rule, report.label) for finding in report.findings],
    }
    content = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return printable_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _folder(root: str) -> Path:
    path = Path(root).resolve()
    return path.parent if path.is_file() else path


def _named_from(base: Path, report: ScanReport) -> ScanReport:
    """The report with file names relative to `base`, which is the scanned folder or above it."""
    prefix = _folder(report.root).relative_to(base).as_posix()
    if prefix == ".":
        return report

    def renamed(entries: Sequence[Skipped]) -> list[Skipped]:
        return [replace(entry, name=f"{prefix}/{entry.name}") for entry in entries]

    findings = [
        replace(one, functions=tuple(replace(location, file=f"{prefix}/{location.file}") for location in one.functions))
        for one in report.findings
    ]
    return replace(report, findings=tuple(findings), skipped=renamed(report.skipped), notes=renamed(report.notes))


def _result(finding: Finding, rule: str, label: str) -> dict[str, Any]:
    first, *others = finding.functions
    text = headline(finding, label)
    if others:
        other = others[0]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        text = f"{first.name}: {text}; see {other.name} in {where(other)}{more}."
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": 0,
        "level": "warning",
        "message": {"text": text},
        "locations": [_location(first)],
        "rank": round(100 * min(1.0, finding.probability), 2),
        "partialFingerprints": {"avatarFunctions/v1": stable_hash(_identity(finding.functions), 32)},
        "properties": {
            "probability": finding.probability,
            "highest": finding.highest,
            "exact": finding.exact,
            "kind": finding.kind,
        },
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(location), "message": {"text": location.name}}
            for number, location in enumerate(others[:RELATED], start=1)
        ]
    return result


def _identity(functions: Sequence[Location]) -> list[list[str]]:
    """Identifies a finding: stays the same when lines move or code is edited."""
    return sorted([location.file, location.name, *filter(None, [location.overload])] for location in functions)


def _location(location: Location) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(location.file), "uriBaseId": "SRCROOT"},
            "region": {"startLine": location.first_line, "endLine": location.last_line},
        },
        "logicalLocations": [{"fullyQualifiedName": location.name, "kind": "function"}],
    }


def _notification(entry: Skipped, level: str) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(entry.name), "uriBaseId": "SRCROOT"}}}
    return {"level": level, "message": {"text": f"{entry.name}: {entry.reason}"}, "locations": [location]}


def _uri(name: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"))
