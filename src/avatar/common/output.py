"""Standard output and its two neighbours, where they may be closed, full, or read by nobody."""

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from avatar.common.errors import OutputError, ReaderLeftError
from avatar.common.files import write_all


def write_output(content: str | bytes) -> None:
    """Write to standard output, and wait until it is out; text as UTF-8.

    Nobody who reads is a ReaderLeftError; a full device, or a closed output, is an OutputError.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sys.stdout.flush()
        try:
            descriptor = sys.stdout.fileno()
        except io.UnsupportedOperation:  # that of a notebook, a test, or contextlib.redirect_stdout
            if hasattr(sys.stdout, "buffer"):
                sys.stdout.buffer.write(data)
            else:
                sys.stdout.write(data.decode("utf-8"))
            sys.stdout.flush()
        else:
            write_all(descriptor, data)
    except OSError as error:
        raise output_error(error) from error


def output_error(error: OSError) -> OutputError:
    """What a failed write to standard output means."""
    if isinstance(error, BrokenPipeError):
        return ReaderLeftError("the reader of standard output left before the end")
    if error.errno == errno.EBADF:
        return OutputError("standard output is closed", "do not close it; or write to a file, where there is --output")
    return OutputError(
        f"cannot write to standard output: {error.strerror or error}",
        "free some space, or send it elsewhere",
    )


def output_failure(error: BaseException) -> OutputError | None:
    """What a user can mend of this error: standard output without a reader, or a full device, whoever wrote there."""
    if isinstance(error, BrokenPipeError):
        return output_error(error) if _reader_left() else None
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" {error.filename}" if error.filename else ""
        return OutputError(
            f"cannot write{where}: {error.strerror}", "free some space, also where standard output is sent to"
        )
    return None


def _reader_left() -> bool:
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(1, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def complain(text: str) -> None:
    """Write a line to standard error, if that can be done."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def standard_streams(discard: bool = False) -> Iterator[None]:
    """Make the three standard streams safe to use inside.

    A closed descriptor is taken by one that refuses, so that no file that is opened later gets its number; with
    `discard`, one for output swallows instead. At the end nothing is left in a buffer that would make the
    interpreter's exit fail.
    """
    _take(0, os.O_WRONLY)
    for descriptor in (1, 2):
        _take(descriptor, os.O_WRONLY if discard or descriptor == 2 else os.O_RDONLY)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stdout is None and discard:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            _settle(stream)


def _take(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        taken = os.open(os.devnull, flags)
        if taken != descriptor:
            os.dup2(taken, descriptor)
            os.close(taken)
        os.set_inheritable(descriptor, True)


def _settle(stream: TextIO | None) -> None:
    """Write what is buffered; where that fails, throw it away."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
