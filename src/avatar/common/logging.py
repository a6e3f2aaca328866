"""Log lines and progress bars: bars on a terminal, plain lines elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

LOGGER_NAME = "avatar"


def get_logger(name: str) -> logging.Logger:
    """The logger of one package, below "avatar"."""
    return logging.getLogger(f"{LOGGER_NAME}.{name}")


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
