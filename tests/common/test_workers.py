"""Work in processes with a budget of time and memory."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.common.worker_process import START
from avatar.common.workers import EndedError, Nursery

pytestmark = pytest.mark.timeout(60)


def make_tasks(word: str) -> Callable[[bytes], bytes]:
    """The handler of the tests' workers: each request names a task."""

    def handle(request: bytes) -> bytes:
        if request == b"loop":
            while True:
                pass
        if request == b"sleep":
            time.sleep(60)
        if request == b"abort":
            os.abort()
        if request == b"memory":
            return bytes(len(bytearray(400_000_000)))
        if request == b"leak":
            leaked.append(b"x" * 250_000_000)
            return b"leaked"
        if request == b"user":
            raise DataError("wrong", "do this")
        if request == b"bug":
            raise ZeroDivisionError("a bug")
        if request == b"pid":
            return str(os.getpid()).encode()
        return word.encode() + request

    return handle


leaked: list[bytes] = []


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    nursery = Nursery("test_workers:make_tasks", "a", memory=300_000_000)
    yield nursery
    nursery.close()


def test_answers_of_any_size(nursery: Nursery) -> None:
    worker = nursery.worker()
    for size in (0, 1, 5_000_000):
        assert worker.call(b"x" * size, 5) == b"a" + b"x" * size
    for number in range(50):
        worker.send(b"%d" % number, 5)
    assert [worker.receive(5) for _ in range(50)] == [b"a%d" % number for number in range(50)]


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (b"loop", "more than 0.2 seconds of CPU time"),
        (b"abort", "SIGABRT, perhaps because of more than 300 MB of memory"),
        (b"memory", "SIGABRT, perhaps because of more than 300 MB of memory"),
    ],
)
def test_what_exceeds_its_budget_is_ended(nursery: Nursery, task: bytes, reason: str) -> None:
    for _ in range(3):
        worker = nursery.worker()
        with pytest.raises(EndedError) as ended:
            worker.call(task, 0.2)
        assert ended.value.reason == reason
        assert not worker.alive
        assert nursery.worker().call(b"x", 5) == b"ax"


def test_a_worker_that_waits_for_ever_is_ended(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar.common.workers.WALL_SECONDS", 0.5)
    with pytest.raises(EndedError, match="no answer within"):
        nursery.worker().call(b"sleep", 0.01)


def test_errors_arrive(nursery: Nursery) -> None:
    worker = nursery.worker()
    with pytest.raises(DataError) as error:
        worker.call(b"user", 5)
    assert (error.value.message, error.value.hint) == ("wrong", "do this")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a bug"):
        worker.call(b"bug", 5)
    assert worker.call(b"x", 5) == b"ax"


def test_memory_that_is_not_freed_goes_with_its_worker(nursery: Nursery) -> None:
    worker = nursery.worker()
    assert worker.call(b"leak", 5) == b"leaked"
    assert not worker.alive


def test_kill_from_another_thread(nursery: Nursery) -> None:
    worker = nursery.worker()
    timer = threading.Timer(0.3, worker.kill)
    timer.start()
    start = time.monotonic()
    with pytest.raises(EndedError, match="ended"):
        worker.call(b"loop", 30)
    assert time.monotonic() - start < 5


def test_nothing_is_left_after_close(nursery: Nursery) -> None:
    workers = [nursery.worker() for _ in range(3)]
    pids = [int(worker.call(b"pid", 5)) for worker in workers]
    nursery.close()
    for worker in workers:
        worker.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(exists(pid) for pid in pids):
        time.sleep(0.05)
    assert not any(exists(pid) for pid in pids)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_nursery_whose_parent_has_gone_ends_without_a_word() -> None:
    """Found by `make fuzz`: an editor that closed its pipe at once saw a traceback."""
    ours, theirs = socket.socketpair()
    code = "import sys; from avatar.common.worker_process import nursery; nursery(int(sys.argv[1]), *sys.argv[2:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(theirs.fileno()), "json:loads", "[]"],
        pass_fds=[theirs.fileno()],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    theirs.close()
    request, kept = socket.socketpair()
    with ours, request, kept:
        socket.send_fds(ours, [START], [request.fileno()])
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0
