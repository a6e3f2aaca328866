"""Standard input, output and error, which may be closed, full, or without a reader."""

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from avatar.common.errors import AvatarError, OutputError, ReaderLeftError
from avatar.common.files import write_all
from avatar.common.full_disk import full_disk
from avatar.common.passwords import hide_passwords
from avatar.common.printable import printable


def write_output(content: str | bytes) -> None:
    """Write to standard output and flush; text as UTF-8.

    Raises ReaderLeftError if there is no reader, and OutputError if the output is closed or its device is full.
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
    """The error for a failed write to standard output."""
    if isinstance(error, BrokenPipeError):
        return ReaderLeftError("the reader of standard output closed it before the end")
    if error.errno == errno.EBADF:
        return OutputError(
            "standard output is closed", "do not close it, or write to a file if the command has --output"
        )
    return OutputError(
        f"cannot write to standard output: {error.strerror or error}",
        "free some space, or redirect it to another device",
    )


def output_failure(error: BaseException) -> OutputError | None:
    """The error that the user can correct: standard output without a reader, or a full device; else None."""
    if isinstance(error, BrokenPipeError):
        return output_error(error) if _reader_left() else None
    reason = "" if isinstance(error, AvatarError) else full_disk(error)
    if reason:
        filename = getattr(error, "filename", None)
        where = f" {filename}" if filename else ""
        return OutputError(
            f"cannot write{where}: {reason}",
            "free some space, also where standard output is redirected to",
        )
    return None


def _reader_left() -> bool:
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(1, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def complain(text: str) -> None:
    """Write a line to standard error, made safe to print; errors of writing are ignored."""
    with suppress(OSError, ValueError):
        print(hide_passwords(printable(text, lines=True)), file=sys.stderr, flush=True)


@contextmanager
def standard_streams(discard: bool = False) -> Iterator[None]:
    """Make the three standard streams safe to use inside the block.

    A closed descriptor is replaced by one on which reads or writes fail, so that no file that is opened later gets its
    number. With `discard`, output to a closed descriptor is thrown away instead. At the end all buffers are empty, so
    that the interpreter's exit cannot fail.
    """
    _occupy(0, os.O_WRONLY)
    for descriptor in (1, 2):
        _occupy(descriptor, os.O_WRONLY if discard or descriptor == 2 else os.O_RDONLY)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the process ends
    if sys.stdout is None and discard:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            _flush_or_discard(stream)


def _occupy(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        os.set_inheritable(descriptor, True)


def _flush_or_discard(stream: TextIO | None) -> None:
    """Flush the buffer; if that fails, discard its content."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
