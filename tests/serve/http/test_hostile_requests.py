"""Requests that would take minutes or gigabytes: they end, and keep nobody else waiting."""

import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving import Served, start_server

from hostile_texts import QUADRATIC, SUFFIXES, hostile
from students import TEXTS

pytestmark = pytest.mark.timeout(120)

FUNCTION = "def f{0}(values):\n    total = {0}\n    for value in values:\n        total += value\n    return total\n\n"
HEAD = "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n"


def bad_request(number: int, size: int = 60_000) -> dict[str, Any]:
    name = list(QUADRATIC)[number % len(QUADRATIC)]
    language, text = hostile(name, size)
    files = {f"bad{SUFFIXES[language]}": text, "a.py": FUNCTION.format(1), "b.py": FUNCTION.format(1)}
    return {"files": files, "min_words": 10}


def good_request(number: int) -> dict[str, Any]:
    return {"files": {"a.py": "".join(FUNCTION.format(10 * number + one) for one in range(10))}, "min_words": 10}


def post(served: Served, content: object) -> tuple[int, dict[str, Any], float]:
    """Status, answer, and seconds."""
    start = time.monotonic()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{served.address}/scan", json.dumps(content).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=100) as answer:
            return answer.status, json.loads(answer.read()), time.monotonic() - start
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), time.monotonic() - start


def health(served: Served) -> float:
    """Seconds until the answer."""
    start = time.monotonic()
    with urllib.request.urlopen(f"{served.address}/health", timeout=60) as answer:
        answer.read()
    return time.monotonic() - start


@pytest.fixture
def own(clone_student: Path) -> Iterator[Served]:
    server = start_server(clone_student, "--request-seconds", "60")
    yield server
    server.process.kill()
    server.process.wait()


def test_hostile_requests_keep_nobody_waiting(served: Served) -> None:
    requests = [request(number) for number in range(8) for request in (bad_request, good_request)]
    waits: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            waits.append(health(served))
            time.sleep(0.05)

    post(served, good_request(0))
    before = served.own_memory()
    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(lambda one: post(served, one), requests))
    done.set()
    watcher.join()
    for request, (status, answer, seconds) in zip(requests, answers, strict=True):
        assert status == 200, answer
        if len(request["files"]) > 1:
            assert ["left out" in one["reason"] for one in answer["skipped"]] == [True]
            assert answer["functions"] == 2, "the other files of the request are scanned"
        else:
            assert seconds < 5
            assert answer["skipped"] == []
    assert max(waits) < 1
    time.sleep(3)
    assert served.own_memory() - before < 60_000_000


def test_a_request_with_many_hostile_files_has_one_budget(served: Served) -> None:
    text = hostile("stray comment ends", 60_000)[1]
    status, answer, seconds = post(served, {"files": {f"{number}.c": text for number in range(30)}})
    assert status == 200
    assert len(answer["skipped"]) == 30
    assert answer["skipped"][-1]["reason"] == "left out: the request has used up its time for parsing"
    assert seconds < 60


def test_nothing_is_computed_for_a_client_that_has_gone(own: Served) -> None:
    post(own, good_request(0))
    body = json.dumps({"files": {f"{n}.c": hostile("stray comment ends", 60_000)[1] for n in range(30)}}).encode()
    head = HEAD.format("/scan", len(body))
    with socket.create_connection(("127.0.0.1", own.port)) as connection:
        connection.sendall(head.encode() + body)
        time.sleep(2)
        assert cpu_ticks(own) > 20
    time.sleep(1)
    before = cpu_ticks(own)
    time.sleep(2)
    assert cpu_ticks(own) - before < 20
    assert post(own, good_request(1))[0] == 200


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds(own: Served, signum: signal.Signals) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(4):
            pool.submit(post, own, bad_request(number, 190_000))
        time.sleep(2)
        family = own.family()
        start = time.monotonic()
        own.process.send_signal(signum)
        own.process.wait(20)
        assert time.monotonic() - start < 2
    assert len(family) > 3
    time.sleep(0.5)
    assert not [pid for pid in family if runs(pid)]


def test_clients_that_read_nothing_are_dropped(served: Served) -> None:
    post(served, good_request(0))
    before = served.own_memory()
    body = json.dumps(
        {"pairs": [[TEXTS[0], TEXTS[1] + f"# {number}"] for number in range(500)], "tokens": True}
    ).encode()
    head = HEAD.format("/predict", len(body))
    connections = []
    for _ in range(20):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(head.encode() + body)
        connections.append(connection)
    highest, end = 0, time.monotonic() + 25
    while time.monotonic() < end and open_sockets(served) > 5:
        highest = max(highest, served.own_memory() - before)
        assert health(served) < 1
        time.sleep(0.5)
    assert open_sockets(served) <= 5
    assert highest < 900_000_000
    for connection in connections:
        connection.close()
    time.sleep(3)
    assert served.own_memory() - before < 60_000_000


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_sockets(served: Served) -> int:
    """Connections of clients."""
    ours = f"0100007F:{served.port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1] == ours and row[3] == "01" for row in rows)


def cpu_ticks(served: Served) -> int:
    """CPU time of the processes that exist."""
    total = 0
    for pid in served.family():
        try:
            values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(values[11]) + int(values[12])
    return total
