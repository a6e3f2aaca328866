"""Passwords in addresses (`scheme://name:password@host`), hidden wherever text is shown."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

HIDDEN = "***"
_LOGIN = re.compile(r"(\w[\w+.-]*://[^\s:/@'\"]*):([^\s'\"/]+)@")


def hide_passwords(text: str) -> str:
    """`text` with `***` for the password of each address in it."""
    return _LOGIN.sub(rf"\1:{HIDDEN}@", text) if "://" in text else text


class _HidingStream:
    """A text stream without passwords. All but writing is that of the other stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(hide_passwords(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def streams_without_passwords() -> Iterator[None]:
    """Inside the block, standard output and error show no password, whichever library writes.

    Hydra prints all overrides of a job that fails.
    """
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and _HidingStream(stream) for stream in streams)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
