"""Reads JSON of a bundle, and takes typed values from it. Python's parser accepts NaN, and any depth and length."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from avatar.common.errors import ArtifactError
from avatar.common.regular_files import read_regular

AGAIN = "copy the bundle again, or export the student again"


def read_object(path: Path, most_bytes: int) -> dict[str, Any]:
    """The JSON object in a regular file of at most `most_bytes` bytes; anything else is an ArtifactError."""
    try:
        content = read_regular(path, most_bytes + 1)
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}", AGAIN) from error
    if len(content) > most_bytes:
        raise ArtifactError(f"{path} has more than {most_bytes:,} bytes", AGAIN)
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise ArtifactError(f"{path} is not JSON: {reason}", AGAIN) from error
    if not isinstance(value, dict):
        raise ArtifactError(f"{path} contains a {type(value).__name__}, not an object", AGAIN)
    return value


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def whole(values: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A whole number; another type is a ValueError."""
    value = values.get(name, default)
    if type(value) is not int:
        raise ValueError(f"{name} is {shown(value)}, not a whole number")
    return value


def number(values: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A finite number; anything else is a ValueError."""
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise ValueError(f"{name} is {shown(value)}, not a finite number")
    return float(value)


def numbers(values: Mapping[str, Any], name: str) -> tuple[float, ...]:
    """A list of finite numbers; anything else is a ValueError."""
    given = values.get(name)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{name} is {shown(given)}, not a list of numbers")
    return tuple(number({f"{name}[{index}]": one}, f"{name}[{index}]") for index, one in enumerate(given))


def yes_or_no(values: Mapping[str, Any], name: str, default: bool) -> bool:
    """True or false; anything else is a ValueError."""
    value = values.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {shown(value)}, not true or false")
    return value


def list_of_names(values: Mapping[str, Any], name: str, default: list[str] | None = None) -> tuple[str, ...]:
    """A list of texts; anything else is a ValueError."""
    given = values.get(name, default)
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError(f"{name} are {shown(given)}, not a list of names")
    return tuple(given)


def shown(value: Any) -> str:
    """A value for an error message, cut at 80 characters."""
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number of more than 30 digits"
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False
