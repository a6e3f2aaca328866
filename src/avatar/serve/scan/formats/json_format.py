"""JSON for programs."""

import dataclasses
import json

from avatar.common.printable import printable_json
from avatar.serve.scan.findings import ScanReport
from avatar.serve.scan.formats.base import FORMATS

VERSION = 1
"""Version of the layout; it is raised when a key changes its meaning or is removed."""


@FORMATS.register("json")
def plain(report: ScanReport) -> str:
    """The whole report as one JSON object."""
    content = {"version": VERSION, **dataclasses.asdict(report), "highest": report.highest}
    return printable_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
