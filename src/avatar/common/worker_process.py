"""Inside the processes of `avatar.common.workers`: a nursery, which forks workers, and a worker's loop.

The nursery has one thread and only imports the target, so that it can be forked at any time. A worker that is ended
is replaced within milliseconds.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from avatar.common import errors
from avatar.common.errors import AvatarError

Handler = Callable[[bytes], bytes]
"""Answers one request."""

REQUEST = struct.Struct("!dQ")
"""Before a request: CPU seconds for it, and its bytes."""
ANSWER = struct.Struct("!BBdQ")
"""Before an answer: its kind, whether the worker ends after it, the CPU seconds that it took, and its bytes."""
NUMBER = struct.Struct("!q")
"""Answer of the nursery: a process id or an exit status."""

DONE, USER_ERROR, FAILED = range(3)
"""Kinds of answers: a result; an AvatarError as JSON; a traceback."""

START, WAIT = b"s", b"w"
"""Requests to a nursery: start a worker (with its socket); wait for a worker (with its process id) to end."""


class _State:
    """Whether this process is a worker, or was forked by one."""

    inside: bool = False


def inside_worker() -> bool:
    """Whether this process is a worker, or was forked by one. Then its nurseries are forked too, and end with it."""
    return _State.inside


_PR_SET_PDEATHSIG = 1
_PAGE = os.sysconf("SC_PAGESIZE") if hasattr(os, "sysconf") else 4096


def make_handler(target: str, *arguments: Any) -> Handler:
    """The handler that the function `target` ("module:name") makes of `arguments`."""
    module, _, name = target.partition(":")
    handler: Handler = getattr(import_module(module), name)(*arguments)
    return handler


def nursery(descriptor: int, target: str, arguments: str) -> None:
    """Fork workers for the parent process at the other end of the socket, until the parent closes it.

    If the target's module has a function `warm`, it is called once, with the target's arguments (JSON).
    """
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    module = import_module(target.partition(":")[0])
    if hasattr(module, "warm"):
        with suppress(AvatarError):  # each worker reports it
            module.warm(*json.loads(arguments))
    if not inside_worker():
        os.setsid()  # signals of the terminal are for the parent
        gc.collect()
        gc.freeze()  # the pages of modules stay shared with the workers
        gc.set_threshold(100_000)  # parsing makes many objects, and hardly any cycles
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
        signal.signal(signum, signal.SIG_DFL)
    with suppress(ConnectionError, EOFError):  # the parent has gone
        _start_workers(socket.socket(fileno=descriptor), target, arguments)


def _start_workers(control: socket.socket, target: str, arguments: str) -> None:
    """Do what the parent asks for, until it closes its end."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if message == START and descriptors:
            pid = os.fork()
            if not pid:
                control.close()
                _work_and_exit(socket.socket(fileno=descriptors[0]), target, json.loads(arguments))
            os.close(descriptors[0])
            control.sendall(NUMBER.pack(pid))
        elif message == WAIT:
            (pid,) = NUMBER.unpack(receive(control, NUMBER.size))
            control.sendall(NUMBER.pack(os.waitpid(pid, 0)[1]))
        else:
            return


def fork_nursery(descriptor: int, target: str, arguments: str) -> int:
    """A nursery as a fork of this process, which has one thread; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.closerange(3, descriptor)  # an open socket of the worker would hide its end
        os.closerange(descriptor + 1, max(descriptor + 1, 65_536))
        nursery(descriptor, target, arguments)
    finally:
        os._exit(0)


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; an EOFError if the connection ends before."""
    content = bytearray(size)
    view = memoryview(content)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return bytes(content)


def _work_and_exit(connection: socket.socket, target: str, arguments: list[Any]) -> None:
    """Run a worker, and end this process without the clean-up of its parent."""
    try:
        _work(connection, target, arguments)
    except (EOFError, OSError):
        pass  # the parent is gone
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        os._exit(0)


def _work(connection: socket.socket, target: str, arguments: list[Any]) -> None:
    _end_with_parent()
    if not inside_worker():
        os.setpgid(0, 0)  # this process and its children are ended together
    _State.inside = True
    seconds, length = REQUEST.unpack(receive(connection, REQUEST.size))
    settings = json.loads(receive(connection, length))
    handler: Handler | None = None

    def first(_: bytes) -> bytes:
        nonlocal handler
        handler = make_handler(target, *arguments)
        return b""

    retires = _answer(connection, first, b"", seconds, 0)
    most = _limit_memory(settings["memory"]) + settings["growth"]
    while handler is not None and not retires:
        seconds, length = REQUEST.unpack(receive(connection, REQUEST.size))
        request = receive(connection, length)
        retires = _answer(connection, handler, request, seconds, most)


def _end_with_parent() -> None:
    """Let the system end this process when the nursery ends, which ends with the program, however that ends."""
    with suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _answer(connection: socket.socket, handler: Handler, request: bytes, seconds: float, most: int) -> bool:
    """Answer one request within its time: after that, the system ends this process (SIGPROF).

    Returns whether the worker ends, because it has more than `most` bytes; 0 means any number.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    begin = time.process_time()
    kind, answer = DONE, b""
    try:
        answer = handler(request)
    except AvatarError as error:
        values = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        kind, answer = USER_ERROR, json.dumps(values).encode()
    except MemoryError:
        os.kill(os.getpid(), signal.SIGABRT)  # as libraries end that get no memory
    except Exception:
        kind, answer = FAILED, traceback.format_exc().encode("utf-8", "backslashreplace")
    signal.setitimer(signal.ITIMER_PROF, 0)
    retires = 0 < most < _resident_bytes()
    connection.sendall(ANSWER.pack(kind, retires, time.process_time() - begin, len(answer)))
    connection.sendall(answer)
    return retires


def user_error(content: bytes) -> AvatarError:
    """The error of an answer of the kind `USER_ERROR`."""
    values = json.loads(content)
    kind = getattr(errors, values["kind"], AvatarError)
    error: AvatarError = kind(values["message"], values["hint"])
    return error


def _limit_memory(most: int) -> int:
    """Let this process allocate at most `most` more bytes, where the system can. Returns its resident bytes."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = _statm()[0] + most
        if _statm()[0] and (soft == resource.RLIM_INFINITY or wanted < soft):
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return _resident_bytes()


def _resident_bytes() -> int:
    return _statm()[1]


def _statm() -> tuple[int, int]:
    """Virtual and resident bytes of this process; 0 if the system does not say."""
    try:
        virtual, resident, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0, 0
    return int(virtual) * _PAGE, int(resident) * _PAGE
