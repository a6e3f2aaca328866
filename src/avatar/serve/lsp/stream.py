"""What comes in from an editor, within bounds, and what goes out to it."""

from collections.abc import Callable
from typing import BinaryIO

MAX_MESSAGE_BYTES = 64_000_000
"""A longer message is read and thrown away."""

MAX_HEADER_BYTES = 64_000

NOTHING = b"null"
"""Stands for a message that was thrown away; the server answers that it is none."""


class BoundedInput:
    """A binary stream as pygls reads it; whatever length a header claims, memory stays bounded.

    It ends where nobody hears what goes out any more.
    """

    def __init__(self, stream: BinaryIO, output: "EditorOutput | None" = None) -> None:
        self._stream, self._output = stream, output

    def readline(self) -> bytes:
        """A header line, or a piece of one that is too long."""
        line = self._stream.readline(MAX_HEADER_BYTES)
        return b"" if self._output is not None and self._output.failure is not None else line

    def read(self, size: int) -> bytes:
        """A message of `size` bytes; fewer at the end of the stream."""
        if size <= MAX_MESSAGE_BYTES:
            return self._stream.read(size)
        while size > 0 and (piece := self._stream.read(min(size, 1_000_000))):
            size -= len(piece)
        return NOTHING


class EditorOutput:
    """Standard output as pygls writes to it; after a failed write, the `failure`, nothing more is written."""

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
        """Leave the stream as it is."""

    def _try(self, work: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                work()
            except OSError as error:
                self.failure = error
