"""A real disk of a few kilobytes, where the system lets a test mount one."""

import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in memory at `folder`, which can be enlarged while it is in use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mounted = False

    def limit(self, kilobytes: int, files: int = 0) -> None:
        """Allow this much content, and this many files and folders (0: any number)."""
        options = f"size={kilobytes}k,nr_inodes={files}"
        if self._mounted:
            command = ["mount", "-o", f"remount,{options}", str(self.folder)]
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            if self._mounted:
                raise RuntimeError(f"cannot enlarge {self.folder}")
            pytest.skip("mounting a small disk is not allowed here")
        self._mounted = True

    def remove(self) -> None:
        if self._mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)
            self._mounted = False
