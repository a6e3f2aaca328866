"""Measures the HTTP server under hostile and ordinary requests at the same time.

    python benchmarks/hostile_requests.py --bundle FOLDER [--hostile 20] [--ordinary 20] [--unread 100]

Prints the latency of ordinary requests and of /health, the memory of the server and its workers before and after, and
the time until it has ended after SIGTERM. A hostile request holds a text whose parsing would take minutes.
"""

import argparse
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HOSTILE = ("... */ | ? \n", "returnforint=)\n", "/* a\n")
HOSTILE_BYTES = 60_000
ORDINARY = (
    "def f{0}(values):\n    total = {0}\n    for value in values:\n        total += value * {0}\n    return total\n\n"
)
HEAD = "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n"
FUNCTIONS = 20
"""Functions in an ordinary request."""


@dataclass
class Server:
    """A running server."""

    process: "subprocess.Popen[str]"
    port: int
    answers: list[tuple[int, float]] = field(default_factory=list)

    def post(self, path: str, content: object, timeout: float = 120) -> tuple[int, float]:
        """Status and seconds of a request."""
        start = time.perf_counter()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(content).encode(),
            {"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        return status, time.perf_counter() - start

    def health(self) -> float:
        """Seconds of a request for /health."""
        start = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=60) as answer:
            answer.read()
        return time.perf_counter() - start

    def memory_mb(self) -> float:
        """Memory of the server and all its workers; shared pages are divided among them."""
        pids = [self.process.pid]
        for pid in pids:
            pids += [int(one) for one in _read(f"/proc/{pid}/task/{pid}/children").split()]
        sizes = [re.search(r"^Pss:\s+(\d+) kB", _read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE) for pid in pids]
        return sum(int(size[1]) for size in sizes if size) / 1000


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def started(bundle: Path) -> Server:
    """A server on a free port."""
    command = [sys.executable, "-m", "avatar.serve.cli", "serve", "--bundle", str(bundle), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if match := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return Server(process, int(match[1]))
    raise SystemExit(f"the server ended with {process.wait()}")


def hostile_request(number: int) -> dict[str, object]:
    """One of the hostile requests."""
    piece = HOSTILE[number % len(HOSTILE)]
    return {"files": {f"bad{number}.cpp": piece * (HOSTILE_BYTES // len(piece))}}


def ordinary_request(number: int) -> dict[str, object]:
    """A request with `FUNCTIONS` functions in two files."""
    functions = [ORDINARY.format(1000 * number + one) for one in range(FUNCTIONS)]
    half = FUNCTIONS // 2
    return {"files": {"a.py": "".join(functions[:half]), "b.py": "".join(functions[half:])}}


def at_once(server: Server, hostile: int, ordinary: int) -> dict[str, float]:
    """Latencies in seconds while all requests are sent at once, in a random order."""
    requests = [("hostile", hostile_request(one)) for one in range(hostile)]
    requests += [("ordinary", ordinary_request(one)) for one in range(ordinary)]
    np.random.default_rng(0).shuffle(requests)  # type: ignore[arg-type]
    health: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            health.append(server.health())
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(lambda one: (one[0], *server.post("/scan", one[1])), requests))
    done.set()
    watcher.join()
    times = {kind: [seconds for name, _, seconds in answers if name == kind] for kind in ("hostile", "ordinary")}
    if wrong := [status for kind, status, _ in answers if kind == "ordinary" and status != 200]:
        raise SystemExit(f"ordinary requests were refused: {wrong}")
    return {
        "ordinary_p50": float(np.median(times["ordinary"] or [0.0])),
        "ordinary_p99": float(np.quantile(times["ordinary"] or [0.0], 0.99)),
        "hostile_max": max(times["hostile"], default=0.0),
        "health_p99": float(np.quantile(health, 0.99)),
        "health_max": max(health),
    }


def unread(server: Server, clients: int) -> list[socket.socket]:
    """Clients that ask for large answers and read nothing."""
    text = "def f(a):\n" + "".join(f"    a = a + {one} * a - {one}\n" for one in range(200))
    key = "pairs" if b"pairs" in _openapi(server) else "functions"
    examples = [[text, text + "#"]] * 64 if key == "pairs" else [text] * 128
    body = json.dumps({key: examples, "tokens": True}).encode()
    head = HEAD.format("/predict", len(body))
    connections = []
    for _ in range(clients):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(head.encode() + body)
        connections.append(connection)
    return connections


def _openapi(server: Server) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/openapi.json", timeout=60) as answer:
        content: bytes = answer.read()
    return content


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--hostile", type=int, default=20)
    parser.add_argument("--ordinary", type=int, default=20)
    parser.add_argument("--unread", type=int, default=100)
    options = parser.parse_args()
    server = started(options.bundle)
    try:
        for number in range(3):
            server.post("/scan", ordinary_request(number))
        server.health()
        before = server.memory_mb()
        print(f"memory before: {before:.0f} MB")
        for name, seconds in at_once(server, options.hostile, options.ordinary).items():
            print(f"{name}: {seconds:.3f} s")
        time.sleep(1)
        print(f"memory after: {server.memory_mb():.0f} MB ({server.memory_mb() - before:+.0f})")
        connections = unread(server, options.unread)
        highest, end = 0.0, time.monotonic() + 15
        slowest = 0.0
        while time.monotonic() < end:
            highest = max(highest, server.memory_mb())
            slowest = max(slowest, server.health())
            time.sleep(0.2)
        print(f"{options.unread} clients that read nothing: at most {highest:.0f} MB, /health at most {slowest:.3f} s")
        for connection in connections:
            connection.close()
        time.sleep(1)
        print(f"memory after: {server.memory_mb():.0f} MB ({server.memory_mb() - before:+.0f})")
        with ThreadPoolExecutor(4) as pool:
            for number in range(4):
                pool.submit(server.post, "/scan", hostile_request(number))
            time.sleep(0.5)
            start = time.perf_counter()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
            print(f"SIGTERM: ended after {time.perf_counter() - start:.2f} s")
    finally:
        server.process.kill()


if __name__ == "__main__":
    main()
