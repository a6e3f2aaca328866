"""Stable digests of configs and files."""

import dataclasses
import hashlib
import json
from enum import Enum
from pathlib import Path
from typing import Any

from avatar.common.regular_files import open_regular


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"cannot hash a {type(value).__name__}")


def stable_hash(value: Any, length: int = 16) -> str:
    """First `length` hex digits of the SHA-256 of `value` as canonical JSON.

    Dataclasses, enums, paths, sets and arrays are converted to plain data first. Equal values have equal digests in
    every process and on every machine.
    """
    text = json.dumps(value, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_digest(path: Path) -> str:
    """SHA-256 of a regular file's bytes, in hex."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
