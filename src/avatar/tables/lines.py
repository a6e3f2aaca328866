"""Reads text files line by line. Errors give the file and the line that cannot be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar.common.errors import DataError
from avatar.common.regular_files import open_regular

Row = dict[str, Any]
LocatedRow = tuple[str, Row]
"""The location of a row ("data.jsonl:17") and the row itself."""


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line of a UTF-8 file, with its line end, without a byte order mark.

    Only a line feed ends a line, as in an editor.
    """
    try:
        with open_regular(path) as stream:
            for number, raw in enumerate(stream, start=1):
                text = _decoded(raw, path, number)
                yield number, text.removeprefix("\ufeff") if number == 1 else text
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def json_rows(path: Path) -> Iterator[LocatedRow]:
    """The objects of a JSON-lines file; blank lines are skipped."""
    for number, line in text_lines(path):
        if not line.isspace():
            where = f"{path}:{number}"
            yield where, _object(_parsed(line.rstrip("\r\n"), path, number), where)


def json_entries(path: Path) -> Iterator[LocatedRow]:
    """The objects of a file that is one JSON list; the location is the entry's index, from 0."""
    entries = _parsed("".join(line for _, line in text_lines(path)), path, 1)
    if not isinstance(entries, list):
        raise DataError(f"{path}: the file must be one JSON list, but it is {_type_name(entries)}")
    for number, entry in enumerate(entries):
        where = f"{path}, entry {number}"
        yield where, _object(entry, where)


def _decoded(raw: bytes, path: Path, number: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if number == 1 and raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "LATIN1"
        raise DataError(
            f"{path}:{number}: byte {error.start + 1} of the line (0x{raw[error.start]:02x}) is not UTF-8",
            f"convert the file: iconv -f {encoding} -t UTF-8 {path.name} > converted-{path.name}",
        ) from error


def _parsed(text: str, path: Path, first_line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}:{first_line + error.lineno - 1}: malformed JSON: {error.msg} (column {error.colno})",
            "correct or remove this line",
        ) from error
    except (ValueError, RecursionError) as error:  # numbers with thousands of digits, or thousands of nested brackets
        problem = f"{path}:{first_line}: unreadable JSON: {error}"
        raise DataError(problem, "correct or remove this line") from error


def _object(value: Any, where: str) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"{where}: this must be a JSON object, but it is {_type_name(value)}")
    return value


def _type_name(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
