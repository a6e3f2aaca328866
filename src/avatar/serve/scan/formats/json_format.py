"""JSON for programs."""

import dataclasses
import json
from typing import Any

from avatar.common.printable import printable_json
from avatar.serve.scan.findings import ScanReport
from avatar.serve.scan.formats.base import FORMATS

VERSION = 1
"""Version of the layout; it is raised when a key changes its meaning or is removed."""

_quoted = json.encoder.encode_basestring
_KNOWN: dict[type[Any], tuple[str, ...]] = {}


@FORMATS.register("json")
def plain(report: ScanReport) -> str:
    """The whole report as one JSON object."""
    fields = {name: getattr(report, name) for name in _names(ScanReport)}
    content = {"version": VERSION, **fields, "highest": report.highest}
    return printable_json(indented(content)) + "\n"


def indented(value: Any, margin: str = "\n") -> str:
    """The same as `json.dumps(value, indent=2, ensure_ascii=False)`, but faster; dataclasses are objects."""
    if isinstance(value, str):
        return _quoted(value)
    if type(value) is int:
        return str(value)
    inner = margin + "  "
    if names := _names(type(value)):
        parts = [f"{_quoted(name)}: {indented(getattr(value, name), inner)}" for name in names]
        return f"{{{inner}{f',{inner}'.join(parts)}{margin}}}"
    if isinstance(value, dict):
        parts = [f"{_quoted(name)}: {indented(one, inner)}" for name, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(parts)}{margin}}}" if parts else "{}"
    if isinstance(value, list | tuple):
        parts = [indented(one, inner) for one in value]
        return f"[{inner}{f',{inner}'.join(parts)}{margin}]" if parts else "[]"
    return json.dumps(value, allow_nan=False)


def _names(kind: type[Any]) -> tuple[str, ...]:
    """Names of the fields of a dataclass; empty for another type."""
    if kind not in _KNOWN:
        fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
        _KNOWN[kind] = tuple(field.name for field in fields)
    return _KNOWN[kind]
