"""A real server in its own process, on a free port."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, start_server


@pytest.fixture(scope="session")
def served(clone_student: Path) -> Iterator[Served]:
    server = start_server(clone_student)
    yield server
    server.process.terminate()
    assert server.process.wait(20) in (0, -15)
