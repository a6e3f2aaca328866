"""SARIF 2.1.0, the format that GitHub, GitLab, Azure DevOps and editors read findings in."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from avatar import __version__
from avatar.common.hashing import stable_hash
from avatar.serve.scan.findings import Finding, Location, ScanReport
from avatar.serve.scan.formats.base import FORMATS, headline, where
from avatar.serve.scan.source_files import Skipped

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RELATED = 50
"""Other members of a group that are listed with its first."""

_RULES = {
    "pair": ("clone", "CloneGroup", "Functions that do the same", "The functions of this group look like clones."),
    "function": (
        "suspicious",
        "SuspiciousFunction",
        "A suspicious function",
        "A model takes this function for faulty.",
    ),
}


@FORMATS.register("sarif")
def sarif(report: ScanReport) -> str:
    """One run with a result for each finding: at its first function, the others as related locations.

    Names of files begin at the top of the git repository, as GitHub reads them, or else at the scanned folder.
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
                "properties": {"tags": ["maintainability" if report.task == "pair" else "security"]},
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
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _folder(root: str) -> Path:
    path = Path(root).resolve()
    return path.parent if path.is_file() else path


def _named_from(base: Path, report: ScanReport) -> ScanReport:
    """The report with names of files that are relative to `base`, at or above the scanned folder."""
    prefix = _folder(report.root).relative_to(base).as_posix()
    if prefix == ".":
        return report

    def moved(entries: Sequence[Skipped]) -> list[Skipped]:
        return [replace(entry, name=f"{prefix}/{entry.name}") for entry in entries]

    findings = [
        replace(one, functions=tuple(replace(place, file=f"{prefix}/{place.file}") for place in one.functions))
        for one in report.findings
    ]
    return replace(report, findings=tuple(findings), skipped=moved(report.skipped), notes=moved(report.notes))


def _result(finding: Finding, rule: str, label: str) -> dict[str, Any]:
    first, *others = finding.functions
    text = headline(finding, label)
    if others:
        twin = others[0]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        text = f"{first.name}: {text}; see {twin.name} in {where(twin)}{more}."
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": 0,
        "level": "warning",
        "message": {"text": text},
        "locations": [_location(first)],
        "rank": round(100 * min(1.0, finding.probability), 2),
        "partialFingerprints": {"avatarFunctions/v1": stable_hash(_identity(finding.functions), 32)},
        "properties": {"probability": finding.probability, "highest": finding.highest, "exact": finding.exact},
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(place), "message": {"text": place.name}}
            for number, place in enumerate(others[:RELATED], start=1)
        ]
    return result


def _identity(functions: Sequence[Location]) -> list[list[str]]:
    """What stays when lines move or code is edited, and no other finding has."""
    return sorted([place.file, place.name, *filter(None, [place.overload])] for place in functions)


def _location(place: Location) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place.file), "uriBaseId": "SRCROOT"},
            "region": {"startLine": place.first_line, "endLine": place.last_line},
        },
        "logicalLocations": [{"fullyQualifiedName": place.name, "kind": "function"}],
    }


def _notification(entry: Skipped, level: str) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(entry.name), "uriBaseId": "SRCROOT"}}}
    return {"level": level, "message": {"text": f"{entry.name}: {entry.reason}"}, "locations": [place]}


def _uri(name: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"))
