"""Bytes that a client sends to the HTTP server on a socket: framing, headers, and requests one after the other."""

import errno
import logging
import socket
import threading
import time
from pathlib import Path
from random import Random

import uvicorn
from hypothesis import strategies as st
from mutation import changed_bytes, mutated, randoms
from surface import Harness, Surface

from avatar.common.errors import AvatarError
from avatar.serve.default_student import find_bundle
from avatar.serve.http.application import LOCAL_HOSTS, make_app
from avatar.serve.http.limits import ImpatientProtocol
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.student import LazyStudent

BODY = b'{"pairs": [["def f(): pass", "def g(): pass"]]}'
LINES = (
    b"Transfer-Encoding: chunked",
    b"Content-Length: 9",
    b"Content-Length: -1",
    b"Content-Length: 1" + b"0" * 5_000,
)
LINES += (
    b"Expect: 100-continue",
    b"Connection: close",
    b"Connection: upgrade\r\nUpgrade: websocket",
    b"Host: evil",
    b"X",
)
LINES += (b"Upgrade: h2c", b": value", b"X: " + b"a" * 70_000, b" folded", b"X: \xff\0", b"Content-Type: text/plain")
STATUSES = frozenset((100, 200, 307, 400, 404, 405, 408, 413, 422, 426, 431, 503))
PATIENCE = 20.0


def requests(random: Random) -> bytes:
    """One to three requests, with changed lines and bytes."""
    content = b""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        body = random.choice(
            (BODY, BODY, b"", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), BODY[:10], b"ffffffffffff\r\n")
        )
        path = random.choice(
            (b"/predict", b"/predict", b"/health", b"/", b"*", b"http://localhost/health", b"/%ff?%zz")
        )
        first = b"%s %s HTTP/1.%d" % (
            random.choice((b"POST", b"POST", b"GET", b"CONNECT", b"")),
            path,
            random.choice((1, 1, 0, 9)),
        )
        lines = [first, b"Host: localhost", b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        for _ in range(random.choice((0, 0, 1, 2))):
            lines.insert(random.randrange(len(lines) + 1), random.choice(LINES))
        if random.random() < 0.3:
            del lines[random.randrange(len(lines))]
        content += random.choice((b"\r\n", b"\r\n", b"\r\n", b"\n")).join(lines) + b"\r\n\r\n" + body
    return mutated(content, random, changed_bytes) if random.random() < 0.4 else content


class _Errors(logging.Handler):
    """Keeps what the server logs with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if record.exc_info:
            self.texts.append(logging.Formatter().format(record))


class _Server:
    """uvicorn with our protocol in a thread, on a free port."""

    def __init__(self) -> None:
        student = LazyStudent(find_bundle(), 1)
        app = make_app(student, LOCAL_HOSTS, Outliner(student.rules))
        logging.disable(logging.NOTSET)
        self.errors = _Errors()
        for name in ("uvicorn", "uvicorn.error", "asyncio"):
            logging.getLogger(name).handlers = [self.errors]
            logging.getLogger(name).propagate = False
        config = uvicorn.Config(app, port=0, http=ImpatientProtocol, ws="none", log_config=None, access_log=False)
        self._socket = config.bind_socket()
        self.port = self._socket.getsockname()[1]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def close(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._thread.join(5)


def _answer(port: int, content: bytes) -> bytes:
    """All that the server sends before it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(1 << 16):
                parts.append(part)
        except (ConnectionResetError, BrokenPipeError):
            return b""  # the server has refused and closed before it read all
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # the same, noticed later
                raise
            return b""
        return b"".join(parts)


def make(folder: Path) -> Harness:
    """Each input is what a client sends before it closes its side."""
    servers: list[_Server] = []

    def run(content: bytes) -> None:
        if not servers:
            servers.append(_Server())
        answer = _answer(servers[0].port, content)
        if answer:
            head = answer.split(b" ", 2)
            assert head[0] in (b"HTTP/1.1", b"HTTP/1.0"), answer[:300]
            assert int(head[1]) in STATUSES, answer[:300]
        assert not servers[0].errors.texts, servers[0].errors.texts.pop()
        if not answer or int(head[1]) >= 400:
            raise AvatarError("the server refused, or closed the connection")

    return Harness(st.builds(requests, randoms()), run, lambda: [one.close() for one in servers])


SURFACE = Surface("bytes sent to the HTTP server", make, seconds=3.0, short=40)
