"""A scratch copy of the project, to which a test adds one thing of a kind and changes no other file."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Scratch:
    """A copy of `src/` and `conf/` below `root`."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Write a new file; an existing file may not be replaced."""
        path = self.root / name
        assert not path.exists(), f"{name} exists already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add_after(self, name: str, line: str, more: str) -> None:
        """Insert `more` after the only line of a file that equals `line`, for example a line of a registry."""
        path = self.root / name
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines.count(line) == 1, f"{name} has the line {line!r} {lines.count(line)} times"
        lines.insert(lines.index(line) + 1, more)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python with `command` in the copy, on the copy's code; its output as text."""
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src")}
        return subprocess.run(
            [sys.executable, *command], cwd=self.root, env=environment, capture_output=True, text=True, timeout=240
        )


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A fresh copy for each test."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("src", "conf"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(PROJECT / "train.py", tmp_path)
    return Scratch(tmp_path)
