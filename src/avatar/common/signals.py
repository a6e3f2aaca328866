"""Signals that end a job: each raises the exception `Interrupted`, also if a library changes signal handlers."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)
"""Signals that end a process: from Ctrl-C, docker stop, a closed terminal, a scheduler's time limit."""

REPEATED_SECONDS = 5.0
"""A scheduler often sends a signal twice. A second signal within this time is ignored."""


class Interrupted(SystemExit):
    """A signal ended the job. If nothing catches it, the process exits with 128 + the signal's number.

    It is not a KeyboardInterrupt, because Lightning handles that itself and exits.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signal.Signals(signum)

    def __str__(self) -> str:
        return f"ended by {self.signum.name}"

    def __reduce__(self) -> tuple[type["Interrupted"], tuple[int]]:
        return type(self), (int(self.signum),)  # joblib sends it from a job's process to the sweep's


class _State:
    """The received signal. `process` is the process that set the handlers; a forked child inherits the other fields."""

    process: int | None = None
    active: bool = False
    received: signal.Signals | None = None
    since: float = 0.0


_state = _State()


def received() -> signal.Signals | None:
    """The signal that is ending this process, or None. Also valid in functions registered with atexit."""
    return _state.received if _state.process == os.getpid() else None


def interrupting() -> signal.Signals | None:
    """The signal that came inside the block of `signals_interrupt`, or None."""
    return received() if _state.active else None


def check() -> None:
    """Raise `Interrupted` if a signal came: Python ignores an exception that is raised while it frees an object."""
    signum = interrupting()
    if signum is not None:
        raise Interrupted(signum)


@contextmanager
def signals_interrupt(announce: bool = False) -> Iterator[None]:
    """Inside the block, every signal of `ENDING` raises `Interrupted`; `announce` prints a line on standard error.

    A signal that was ignored before (nohup) stays ignored. An error that follows from a signal, such as that of a child
    process which the signal ended too, also becomes `Interrupted`. After a signal the handlers stay, so that a second
    one does not stop functions that run at the end of the process. Nested use, and use outside the main thread, has no
    effect.
    """
    if (_state.active and _state.process == os.getpid()) or threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.process, _state.active, _state.received = os.getpid(), True, None
    handlers = {signum: signal.getsignal(signum) for signum in ENDING}
    for signum, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            signal.signal(signum, _handle)
    try:
        yield
        check()
    except BaseException as error:
        signum = received()
        if signum is None:
            raise
        if announce:
            print(f"\nended by {signum.name}; run the same command again to continue", file=sys.stderr)
        if isinstance(error, Interrupted):
            raise
        raise Interrupted(signum) from error
    finally:
        if _state.received is None:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)
        _state.active = False


def _handle(signum: int, frame: FrameType | None) -> None:
    if _state.process != os.getpid():
        _in_child(signum)
        return
    now = time.monotonic()
    if _state.received is None:
        _state.received, _state.since = signal.Signals(signum), now
    elif now - _state.since < REPEATED_SECONDS:
        return
    raise Interrupted(_state.received)


def _in_child(signum: int) -> None:
    """A forked child, such as a data loader's, gets the default handling. For Ctrl-C its parent ends it."""
    if signum != signal.SIGINT:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
