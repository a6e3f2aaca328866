"""A running server for tests."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path


class Served:
    """A running server: its address and its process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port
        self.log: list[str] = []
        """What it wrote since it is ready, in pieces."""
        self.address = f"http://127.0.0.1:{port}"

    def memory(self) -> int:
        """Resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def family(self) -> list[int]:
        """Process ids of the server and of all processes below it."""
        pids = [self.process.pid]
        for pid in pids:
            try:
                pids += [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            except OSError:
                continue
        return pids

    def own_memory(self) -> int:
        """Bytes of all its processes; shared pages are divided among them."""
        total = 0
        for pid in self.family():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += 1000 * int((re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE) or [0, 0])[1])
        return total


def start_server(bundle: Path, *options: str) -> Served:
    """A real server in its own process, on a free port."""
    command = [sys.executable, "-m", "avatar.serve.cli", "serve", "--bundle", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if result := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            served = Served(process, int(result[1]))
            threading.Thread(target=served.log.extend, args=[process.stderr], daemon=True).start()
            return served
    raise AssertionError(f"the server ended with {process.wait()}")
