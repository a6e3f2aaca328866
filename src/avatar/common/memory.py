"""The memory of this process."""

import ctypes
from contextlib import suppress


def return_memory() -> None:
    """Return freed memory to the system. Without this, glibc keeps what a burst of work needed."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
