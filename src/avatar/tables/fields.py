"""Checked fields of a row (id, code, label). Errors say where the row is (`where`, for example "a.jsonl:17")."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from avatar.code.text import function_text
from avatar.common.errors import DataError, did_you_mean

_BOOLEAN_WORDS = {"false": 0, "true": 1}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]{1,3})?")


def field(row: Mapping[str, Any], key: str, where: str) -> Any:
    """Value of `key`; a missing key is a DataError with the available keys."""
    if key not in row:
        raise DataError(f"{where}: no field '{key}'", did_you_mean(key, map(str, row)))
    return row[key]


def code_field(row: Mapping[str, Any], key: str, where: str, language: str | None) -> str:
    """A function's text by the rules of `avatar.code.text`: not empty, and possible to encode as UTF-8.

    Comments and docstrings are kept. `language` is the language of the data set, or None if unknown.
    """
    code = field(row, key, where)
    if not isinstance(code, str):
        raise DataError(f"{where}: '{key}' is a {type(code).__name__}; code must be text", "correct this row")
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
                f"{where}: character {error.start + 1} of '{key}' is half of a surrogate pair, which is not text",
                "correct or remove this row",
            ) from error
    return text


def label_field(row: Mapping[str, Any], key: str, where: str) -> int:
    """A label, 0 or 1."""
    return as_label(field(row, key, where), where)


def as_label(value: object, where: str) -> int:
    """`value` as a label: 0, 1, 0.0, 1.0, false or true, as value or text; the same rule for every format."""
    number = _parse_label(value) if isinstance(value, str) else value
    if isinstance(number, (int, float, Decimal)) and number in (0, 1):  # true and false are 1 and 0
        return int(number)
    missing = value is None or (isinstance(value, str) and not value.strip())
    raise DataError(
        f"{where}: the label is missing" if missing else f"{where}: the label {value!r} is out of range",
        "labels are 0 or 1, or false or true (1: clones, or vulnerable); correct this line, or convert your labels",
    )


def _parse_label(text: str) -> int | Decimal | None:
    word = text.strip().lower()
    if word in _BOOLEAN_WORDS:
        return _BOOLEAN_WORDS[word]
    return Decimal(word) if _NUMBER.fullmatch(word) else None


def id_field(row: Mapping[str, Any], key: str, where: str) -> str:
    """An id: a string or an integer."""
    value = field(row, key, where)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise DataError(f"{where}: '{key}' is {value!r}; an id must be a string or an integer")
    return str(value)


def group_field(row: Mapping[str, Any], key: str, where: str) -> str:
    """The name of a function's group of clones: text that is not blank, or an integer."""
    value = field(row, key, where)
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
        problem = "is missing" if value is None or value == "" else f"is {value!r}"
        raise DataError(
            f"{where}: the group ('{key}') {problem}",
            "a group is a name or an integer; functions with the same group are clones of each other: correct this row",
        )
    return str(value)


def language_field(row: Mapping[str, Any], key: str, where: str) -> str:
    """The name of a language in lower case; a null or blank field gives ""."""
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f"{where}: '{key}' is {value!r}; a language must be text, such as java", "correct this row")
    return (value or "").strip().lower()


def text_field(row: Mapping[str, Any], key: str) -> str:
    """An optional field as text; a missing or null field gives ""."""
    value = row.get(key)
    return "" if value is None else str(value)
