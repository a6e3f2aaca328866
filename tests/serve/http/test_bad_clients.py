"""The server with clients that violate the protocol. On loopback, with limits on number and time."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import Served

from avatar.serve.http import limits
from students import TEXTS

REQUEST = json.dumps({"pairs": [[TEXTS[0], TEXTS[1]]]}).encode()


def ask(served: Served, content: bytes, close: bool = True) -> bytes:
    """Send raw bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=15) as connection:
        parts: list[bytes] = []
        try:
            connection.sendall(content)
            if close:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                parts.append(part)
        except TimeoutError:
            raise
        except OSError:  # the server has closed already
            pass
        return b"".join(parts)


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /predict HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", b"Content-Type: application/json"]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), *headers]) + b"\r\n\r\n" + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def test_a_thousand_bad_requests(served: Served) -> None:
    bad = [
        (b"\x16\x03\x01\x02\x00" * 20, {0, 400}),
        (b"GET\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", {0, 200, 400, 431}),
        (post(b"{" * 1_000), {400, 422}),
        (post(b"\xff" * 1_000), {400, 422}),
        (post(b'{"pairs": [["a", "b"]], "x": ' + b"1" * 5_000 + b"}"), {400, 422}),
        (post(b"x" * 2_500_000), {0, 413}),
        (post(REQUEST).replace(b"Content-Length: %d" % len(REQUEST), b"Content-Length: 99999999999"), {413}),
        (post(REQUEST).replace(b"Content-Length: ", b"Content-Length: -"), {400}),
        (post(REQUEST)[:-50], {0, 400}),
    ]
    assert status(ask(served, post(REQUEST), close=False)) == 200

    def one(number: int) -> tuple[int, int]:
        content, expected = bad[number % len(bad)]
        return number % len(bad), status(ask(served, content, close=0 in expected))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(100)))  # the first requests allocate memory once
        before = served.memory()
        answers = list(pool.map(one, range(1_000)))
    wrong = {(kind, result) for kind, result in answers if result not in bad[kind][1]}
    assert not wrong
    assert served.memory() - before < 30_000_000
    assert served.process.poll() is None
    assert status(ask(served, post(REQUEST), close=False)) == 200


def test_a_body_that_is_wrong_after_the_program_has_begun_is_refused_without_a_traceback(served: Served) -> None:
    chunked = post(b'{"pairs": []}\r\n', b"Transfer-Encoding: chunked")
    for content in (chunked, chunked.replace(b"127.0.0.1", b"evil")):
        assert status(ask(served, content, close=False)) == 400
    assert status(ask(served, post(REQUEST), close=False)) == 200
    assert not [line for line in served.log if "Traceback" in line or "Exception" in line]


def test_slow_clients_are_sent_away_and_keep_nobody_waiting(served: Served) -> None:
    slow = []
    for content in (b"POST /pre", post(REQUEST)[:-50], b""):
        for _ in range(5):
            connection = socket.create_connection(("127.0.0.1", served.port), timeout=30)
            connection.sendall(content)
            slow.append(connection)
    start = time.monotonic()
    assert status(ask(served, post(REQUEST), close=False)) == 200
    assert time.monotonic() - start < 5
    for connection in slow:
        answer = connection.recv(1_000)
        assert status(answer) == 408, answer
        connection.close()
    assert time.monotonic() - start < max(limits.HEADER_SECONDS, limits.BODY_SECONDS) + 10


@pytest.mark.parametrize("path", ["/predict", "/scan"])
def test_a_body_in_pieces_is_counted(served: Served, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    piece = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    assert status(ask(served, head + piece * 30 + b"0\r\n\r\n")) in (0, 413)
