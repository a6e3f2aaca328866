"""Log lines and progress bars: bars on a terminal, plain lines elsewhere."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeVar

from avatar.common.passwords import hide_passwords
from avatar.common.printable import printable

T = TypeVar("T")

LOGGER_NAME = "avatar"


def get_logger(name: str) -> logging.Logger:
    """The logger of one package, below "avatar"."""
    return logging.getLogger(f"{LOGGER_NAME}.{name}")


class SafeFormatter(logging.Formatter):
    """Escapes what would change the screen; in texts that a message was given, such as file names, also line ends."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record, without passwords."""
        shown = logging.makeLogRecord(record.__dict__)
        if isinstance(record.args, tuple):
            shown.args = tuple(map(_shown, record.args))
        return hide_passwords(printable(super().format(shown), lines=True))


class LogFile(logging.FileHandler):
    """A log file that the job can do without: if it cannot be written, one warning says so, and it gets no more lines.

    Python's own handler prints a traceback for each line.
    """

    def __init__(self, filename: str) -> None:
        super().__init__(filename, delay=True, encoding="utf-8", errors="backslashreplace")
        self._lost = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        if self._lost:
            return
        try:
            super().emit(record)
        except OSError:  # of opening the file
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Stop writing if the disk is full, or the file cannot be written for another reason."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._lost = True
        reason = error.strerror or str(error)
        get_logger("log").warning("the log file %s is incomplete: %s", self.baseFilename, reason)

    def close(self) -> None:
        """Close the file; what could not be written is dropped."""
        with suppress(OSError):
            super().close()


def _shown(value: object) -> object:
    if isinstance(value, BaseException):
        return printable(str(value), lines=True)
    return printable(str(value)) if isinstance(value, str | os.PathLike) else value


def log_to_stderr(level: int) -> None:
    """Send the log lines of a command to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("avatar: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def format_seconds(seconds: float) -> str:
    """A duration as text: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


_silent: ContextVar[bool] = ContextVar("silent_progress", default=False)


@contextmanager
def silent_progress() -> Iterator[None]:
    """Show no progress inside the block. For work that runs in parallel."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def progress(items: Iterable[T], label: str, total: int | None = None, every: float = 10.0) -> Iterator[T]:
    """Yield `items` and show the progress: a tqdm bar on a terminal, else a log line every `every` seconds."""
    if _silent.get():
        yield from items
        return
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    log = get_logger("progress")
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every:
            last = now
            left = "" if not total else f", about {format_seconds((now - start) / done * (total - done))} left"
            log.info("%s: %d%s%s", label, done, f" of {total}" if total else "", left)
