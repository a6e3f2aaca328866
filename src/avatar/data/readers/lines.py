"""Text files line by line; a byte or a line that cannot be read is an error that names its place."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar.common.errors import DataError

Row = dict[str, Any]
Placed = tuple[str, Row]
"""Where a row stands ("data.jsonl:17"), and the row."""


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line of a UTF-8 file, the line's end kept; a byte order mark is dropped.

    Only a line feed ends a line, so that the numbers are those of an editor.
    """
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                text = _decoded(raw, path, number)
                yield number, text.removeprefix("\ufeff") if number == 1 else text
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def json_rows(path: Path) -> Iterator[Placed]:
    """The objects of a JSON-lines file; blank lines are passed over."""
    for number, line in text_lines(path):
        if not line.isspace():
            where = f"{path}:{number}"
            yield where, _object(_parsed(line.rstrip("\r\n"), path, number), where)


def json_entries(path: Path) -> Iterator[Placed]:
    """The objects of a file that holds one JSON list; their place is the entry's number, from 0."""
    entries = _parsed("".join(line for _, line in text_lines(path)), path, 1)
    if not isinstance(entries, list):
        raise DataError(f"{path}: expected one JSON list, found {_kind(entries)}")
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
            "mend or remove that line",
        ) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, a thousand brackets
        found = f"{path}:{first_line}: unreadable JSON: {error}"
        raise DataError(found, "mend or remove that line") from error


def _object(value: Any, where: str) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected a JSON object, found {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
