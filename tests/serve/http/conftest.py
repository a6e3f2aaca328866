"""A real server in its own process, on a free port."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served


@pytest.fixture(scope="session")
def served(clone_student: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "avatar.serve.cli", "serve", "--bundle", str(clone_student), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = None
    for line in process.stderr:
        if result := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(result[1])
            break
    assert port is not None, f"the server ended with {process.wait()}"
    threading.Thread(target=process.stderr.read, daemon=True).start()
    yield Served(process, port)
    process.terminate()
    assert process.wait(20) in (0, -15)
