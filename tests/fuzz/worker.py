"""A process that gives inputs to one surface: an abort or a hang ends it, not the run, and is an answer too."""

import os
import pickle
import resource
import signal
import time
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from surface import Answer, Harness, Judgement, Surface, judge

WAIT_FACTOR, WAIT_SECONDS = 20.0, 20.0
"""An input that takes this many times its CPU seconds, plus these seconds, hangs: other programs may use the cores."""
ENDING_SECONDS = 1.0
MEMORY = 6_000_000_000
"""Bytes that a worker may have."""


class ForkedWorker:
    """Judges inputs in a fork of this process, which must have one thread. A new fork follows one that has ended."""

    def __init__(self, surface: Surface, harness: Harness) -> None:
        self._surface, self._harness = surface, harness
        self._process = 0
        self._connection: Connection | None = None

    def judge(self, value: Any) -> Judgement:
        """What the surface makes of `value`."""
        if self._connection is None:
            self._start()
        assert self._connection is not None
        begin = time.monotonic()
        try:
            self._connection.send_bytes(pickle.dumps(value))
            if self._connection.poll(WAIT_FACTOR * self._surface.seconds + WAIT_SECONDS):
                judgement: Judgement = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - of our own fork
                return judgement
            answer, text = Answer.HUNG, f"no answer within {time.monotonic() - begin:.0f} s"
        except (EOFError, OSError):
            answer, text = Answer.ABORTED, ""
        status = self.close()
        if answer is Answer.ABORTED:
            text = f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return Judgement(answer, time.monotonic() - begin, text)

    def close(self) -> int:
        """End the fork; its status, negative for a signal."""
        if self._connection is None:
            return 0
        self._connection.close()
        self._connection = None
        end = time.monotonic() + ENDING_SECONDS
        ended, status = 0, 0
        while not ended and time.monotonic() < end:
            time.sleep(0.01)
            ended, status = os.waitpid(self._process, os.WNOHANG)
        if not ended:
            os.kill(self._process, signal.SIGKILL)
            _, status = os.waitpid(self._process, 0)
        return os.waitstatus_to_exitcode(status)

    def _start(self) -> None:
        ours, theirs = Pipe()
        self._process = os.fork()
        if self._process == 0:
            ours.close()
            self._work(theirs)
        theirs.close()
        self._connection = ours

    def _work(self, connection: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries write their panics there
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(EOFError, OSError):
            while True:
                value = pickle.loads(connection.recv_bytes())  # noqa: S301 - of our own parent
                connection.send_bytes(pickle.dumps(judge(self._harness.run, value, self._surface.seconds)))
        self._harness.close()
        os._exit(0)
