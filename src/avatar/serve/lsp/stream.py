"""What comes in from an editor, within bounds."""

from typing import BinaryIO

MAX_MESSAGE_BYTES = 64_000_000
"""A longer message is read and thrown away."""

MAX_HEADER_BYTES = 64_000

NOTHING = b"null"
"""Stands for a message that was thrown away; the server answers that it is none."""


class BoundedInput:
    """A binary stream as pygls reads it; whatever length a header claims, memory stays bounded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """A header line, or a piece of one that is too long."""
        return self._stream.readline(MAX_HEADER_BYTES)

    def read(self, size: int) -> bytes:
        """A message of `size` bytes; fewer at the end of the stream."""
        if size <= MAX_MESSAGE_BYTES:
            return self._stream.read(size)
        while size > 0 and (piece := self._stream.read(min(size, 1_000_000))):
            size -= len(piece)
        return NOTHING
