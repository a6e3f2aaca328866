"""Input from an editor, with a size limit, and output to it."""

from collections.abc import Callable
from typing import BinaryIO

MAX_MESSAGE_BYTES = 64_000_000
"""A longer message is read and discarded."""

MAX_HEADER_BYTES = 4_000
"""A longer header line is read in parts. Python reads no number of more than 4,300 digits."""

DISCARDED = b"null"
"""Replaces a discarded message; the server answers with an error."""


class BoundedInput:
    """A binary stream for pygls with bounded memory, whatever length a header claims.

    It ends after a write to `output` failed.
    """

    def __init__(self, stream: BinaryIO, output: "EditorOutput | None" = None) -> None:
        self._stream, self._output = stream, output

    def readline(self) -> bytes:
        """A header line, or a part of one that is too long."""
        line = self._stream.readline(MAX_HEADER_BYTES)
        return b"" if self._output is not None and self._output.failure is not None else line

    def read(self, size: int) -> bytes:
        """A message of `size` bytes; fewer at the end of the stream."""
        if size <= MAX_MESSAGE_BYTES:
            return self._stream.read(size)
        while size > 0 and (piece := self._stream.read(min(size, 1_000_000))):
            size -= len(piece)
        return DISCARDED


class EditorOutput:
    """Standard output for pygls. After a failed write, `failure` is its error, and nothing more is written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, data: bytes) -> None:
        """Write all of one message."""
        self._try(lambda: self._stream.write(data))

    def flush(self) -> None:
        """Send what was written."""
        self._try(self._stream.flush)

    def close(self) -> None:
        """Do nothing: the stream stays open."""

    def _try(self, work: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                work()
            except OSError as error:
                self.failure = error
