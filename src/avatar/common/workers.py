"""Processes for work that may take too long, need too much memory, or end its process: hostile texts and models.

`Nursery(target)` is a process that forks workers. A worker answers requests one after another. Each request has a
budget of CPU seconds, and each worker one of memory; the system ends a worker that exceeds them, whatever it is
executing. CPU time does not depend on other programs, so the same request is always ended, or never.

    target          "module:name" of a function that returns the handler of a worker, from bytes to bytes
    parent process  <- a socket for each worker ->  worker, forked by the nursery
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from avatar.common.errors import AvatarError
from avatar.common.worker_process import (
    ANSWER,
    DONE,
    NUMBER,
    REQUEST,
    START,
    USER_ERROR,
    WAIT,
    fork_nursery,
    inside_worker,
    receive,
    user_error,
)

START_SECONDS = 60.0
"""CPU seconds in which a worker must have made its handler."""
GROWTH = 200_000_000
WALL_FACTOR, WALL_SECONDS = 20.0, 20.0
"""A request that takes this many times its CPU seconds, plus these seconds, is ended too: the worker waits for ever."""

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from avatar.common.worker_process import nursery; nursery(int(sys.argv[2]), *sys.argv[3:])"
)


class EndedError(Exception):
    """A worker was ended before its answer; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Nursery:
    """Starts workers for one target; safe to share between threads. Its process is started on first use.

    `arguments` (JSON) are those of the target. `memory` is in bytes; a worker whose memory grew by more than `growth`
    bytes ends after its answer. With `quiet`, what libraries of its workers write to standard error is not shown.
    """

    def __init__(self, target: str, *arguments: Any, memory: int, growth: int = GROWTH, quiet: bool = False) -> None:
        self._target, self._arguments = target, json.dumps(arguments)
        self.memory, self._growth = memory, growth
        self._quiet = quiet
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._owner = 0
        self._finalizer: weakref.finalize[..., Nursery] | None = None

    def worker(self, memory: int | None = None) -> "Worker":
        """A new worker, with `memory` bytes if given. An AvatarError of its target is raised; others: RuntimeError."""
        memory = self.memory if memory is None else memory
        settings = json.dumps({"memory": memory, "growth": self._growth}).encode()
        ours, theirs = socket.socketpair()
        try:
            with self._lock:
                control = self._started()
                socket.send_fds(control, [START], [theirs.fileno()])
                (pid,) = NUMBER.unpack(receive(control, NUMBER.size))
        except (OSError, EOFError) as error:
            ours.close()
            self.close()
            raise AvatarError("the process that starts workers has ended", "see the messages above") from error
        finally:
            theirs.close()
        worker = Worker(ours, pid, self, memory)
        try:
            worker.call(settings, START_SECONDS)
        except BaseException:
            worker.close()
            raise
        return worker

    def close(self) -> None:
        """End the process and all workers that have no request."""
        with self._lock:
            if self._finalizer is not None:
                self._finalizer()
            self._control = self._finalizer = None

    def status_of(self, pid: int) -> int:
        """Wait for the end of a worker; its exit status as `os.waitpid` gives it, or -1 if unknown."""
        with self._lock:
            if self._control is None or self._owner != os.getpid():
                return -1
            try:
                self._control.sendall(WAIT + NUMBER.pack(pid))
                (status,) = NUMBER.unpack(receive(self._control, NUMBER.size))
            except (OSError, EOFError):
                return -1
        return int(status)

    def _started(self) -> socket.socket:
        if self._control is not None and self._owner == os.getpid():
            return self._control
        ours, theirs = socket.socketpair()
        try:
            if inside_worker():
                pid = fork_nursery(theirs.fileno(), self._target, self._arguments)
            else:
                pid = subprocess.Popen(
                    [
                        sys.executable,
                        "-c",
                        _CODE,
                        json.dumps(sys.path),
                        str(theirs.fileno()),
                        self._target,
                        self._arguments,
                    ],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL if self._quiet else None,
                ).pid
        finally:
            theirs.close()
        self._control, self._owner = ours, os.getpid()
        self._finalizer = weakref.finalize(self, _end, ours, pid, os.getpid())
        return ours


def _end(control: socket.socket, pid: int, owner: int) -> None:
    control.close()
    if os.getpid() == owner:  # else this is a forked child
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)  # it holds nothing that could be lost
            os.waitpid(pid, 0)


class Worker:
    """One worker. `call` is for one thread at a time, `kill` for any."""

    def __init__(self, connection: socket.socket, pid: int, nursery: Nursery, memory: int) -> None:
        self._connection, self._pid, self._nursery, self._memory = connection, pid, nursery, memory
        self._lock = threading.Lock()
        self._killed = False
        self.alive = True
        """Whether it takes further requests."""
        self.seconds = 0.0
        """CPU seconds of the last answer."""

    def call(self, request: bytes, seconds: float) -> bytes:
        """The answer to a request, for which it has `seconds` of CPU time.

        Raises EndedError if the worker was ended, the AvatarError of its handler, and a RuntimeError for other errors.
        """
        self.send(request, seconds)
        return self.receive(seconds)

    def send(self, request: bytes, seconds: float) -> None:
        """Send a request; several short ones may be sent before their answers are received."""
        with suppress(OSError):  # it has ended: `receive` says why
            self._connection.settimeout(WALL_FACTOR * seconds + WALL_SECONDS)
            self._connection.sendall(REQUEST.pack(seconds, len(request)) + request)

    def receive(self, seconds: float) -> bytes:
        """The next answer, see `call`."""
        try:
            self._connection.settimeout(WALL_FACTOR * seconds + WALL_SECONDS)
            kind, retires, self.seconds, length = ANSWER.unpack(receive(self._connection, ANSWER.size))
            answer = receive(self._connection, length)
        except (EOFError, OSError) as error:
            raise EndedError(self._why(seconds, isinstance(error, TimeoutError))) from error
        except BaseException:  # interrupted: the answer would be read as that of the next request
            self.close()
            raise
        if retires:
            self.close()
        if kind == DONE:
            return answer
        if kind == USER_ERROR:
            raise user_error(answer)
        raise RuntimeError(f"a worker failed:\n{answer.decode('utf-8', 'replace')}")

    def kill(self) -> None:
        """End it at once, with its children. A running `call` raises EndedError."""
        with self._lock:
            if self.alive:
                self._killed = True
                with suppress(OSError):
                    (os.kill if inside_worker() else os.killpg)(self._pid, signal.SIGKILL)
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def pause(self, paused: bool = True) -> None:
        """Stop it and its children, or let them go on."""
        with self._lock:
            if self.alive:
                with suppress(OSError):
                    os.killpg(self._pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def cpu_seconds(self) -> float | None:
        """CPU time that it and its children have used; None if the system does not say."""
        return _cpu_seconds(self._pid)

    def close(self) -> None:
        """End it at once, and free what it used."""
        self.kill()
        self._reap()

    def _why(self, seconds: float, waited: bool) -> str:
        killed = self._killed
        self.kill()
        status = self._reap()
        signum = status & 0x7F if status >= 0 else 0
        if killed:
            return "ended"
        if waited:
            return f"no answer within {WALL_FACTOR * seconds + WALL_SECONDS:.3g} seconds"
        if signum == signal.SIGPROF:
            return f"more than {seconds:.3g} seconds of CPU time"
        if signum in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL):
            name = signal.Signals(signum).name
            return f"{name}, perhaps because of more than {self._memory / 1e6:,.0f} MB of memory"
        return "the process ended"

    def _reap(self) -> int:
        """Wait for the process, which has ended or been killed. Its id is used by nobody else before that."""
        with self._lock:
            if not self.alive:
                return -1
            self.alive = False
            self._connection.close()
            return self._nursery.status_of(self._pid)


def _cpu_seconds(pid: int) -> float | None:
    process = Path(f"/proc/{pid}")
    try:
        values = (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        children = (process / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    except OSError:
        return None
    own = sum(map(int, values[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_cpu_seconds(int(child)) or 0.0 for child in children)
