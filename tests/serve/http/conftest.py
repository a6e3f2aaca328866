"""A real server in a process of its own, on a free port."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


class Served:
    """A running server: where it listens, and its process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port
        self.address = f"http://127.0.0.1:{port}"

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")


@pytest.fixture(scope="session")
def served(clone_student: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "avatar.serve.cli", "serve", "--bundle", str(clone_student), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = None
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
            break
    assert port is not None, f"the server ended with {process.wait()}"
    threading.Thread(target=process.stderr.read, daemon=True).start()
    yield Served(process, port)
    process.terminate()
    assert process.wait(20) in (0, -15)
