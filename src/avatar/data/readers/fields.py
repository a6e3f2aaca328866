"""The fields of a row (an id, a body of code, a label), checked; errors name the row's place."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from avatar.code.text import function_text
from avatar.common.errors import DataError, did_you_mean

_WRITTEN_TRUTH = {"false": 0, "true": 1}
_WRITTEN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def field(row: Mapping[str, Any], key: str, where: str) -> Any:
    """Value of `key`; a missing one is a DataError that lists what there is."""
    if key not in row:
        raise DataError(f"{where}: no field '{key}'", did_you_mean(key, map(str, row)))
    return row[key]


def code_field(row: Mapping[str, Any], key: str, where: str, language: str | None) -> str:
    """A function's text (see `avatar.code.text`): not empty, and something that can be written as UTF-8.

    Comments and docstrings inside are kept. `language` is what the data set is written in, where that is known.
    """
    code = field(row, key, where)
    if not isinstance(code, str):
        raise DataError(f"{where}: '{key}' holds a {type(code).__name__}, code is text", "mend that row")
    text = function_text(code, language=language)
    if not text:
        raise DataError(
            f"{where}: '{key}' is an empty function",
            "remove the row, and its row in every file of recorded predictions",
        )
    if not code.isascii():
        try:
            code.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"{where}: character {error.start + 1} of '{key}' is half of a surrogate pair, not text",
                "mend or remove the row",
            ) from error
    return text


def label_field(row: Mapping[str, Any], key: str, where: str) -> int:
    """A label, 0 or 1."""
    return as_label(field(row, key, where), where)


def as_label(value: object, where: str) -> int:
    """`value` as a label: 0 or 1 (1.0 too), or false or true, as such or as text; the same rule for every format."""
    number = _written_label(value) if isinstance(value, str) else value
    if isinstance(number, (int, float, Decimal)) and number in (0, 1):  # true and false are 1 and 0
        return int(number)
    missing = value is None or (isinstance(value, str) and not value.strip())
    raise DataError(
        f"{where}: the label is missing" if missing else f"{where}: the label {value!r} is out of range",
        "labels are 0 or 1, or false or true (1: clones, or vulnerable); mend that line, or map your labels to these",
    )


def _written_label(text: str) -> int | Decimal | None:
    word = text.strip().lower()
    if word in _WRITTEN_TRUTH:
        return _WRITTEN_TRUTH[word]
    return Decimal(word) if _WRITTEN_NUMBER.fullmatch(word) else None


def id_field(row: Mapping[str, Any], key: str, where: str) -> str:
    """An id, written as a string or a whole number."""
    value = field(row, key, where)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise DataError(f"{where}: '{key}' is {value!r}, an id is a string or a whole number")
    return str(value)


def text_field(row: Mapping[str, Any], key: str) -> str:
    """An optional field as text; absent and null give ""."""
    value = row.get(key)
    return "" if value is None else str(value)
