"""What a client of a package registry must do, and how its program is called."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from avatar.common.errors import DataError
from avatar.common.registry import Registry

SECONDS = 600
"""Longest time for one call of a client's program."""


class Client(Protocol):
    """Downloads releases from one registry with its ordinary program, and runs no code of a package."""

    def download(self, name: str, version: str, folder: Path) -> Path:
        """Download a release into the empty `folder`; returns its archive. A DataError says why this failed."""
        ...


CLIENTS: Registry[Client] = Registry("package registry")


def call(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program in `folder` and return its output.

    A program that is not installed, that fails, or that takes longer than `SECONDS` is a DataError.
    """
    program = str(command[0])
    if shutil.which(program) is None:
        raise DataError(f"the program {program} is not installed", f"install {program}, or leave its packages out")
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{program} has not finished after {SECONDS} s", "check the network and try again") from error
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = "; ".join(line.strip() for line in lines[-3:])[:500]
        raise DataError(f"{program} failed: {reason}", "check the network and the package's name and version")
    return done.stdout


def only_file(folder: Path, pattern: str) -> Path:
    """The file in `folder` that matches `pattern`; a DataError if there is not exactly one."""
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        raise DataError(f"the download has {len(files)} files {pattern}, not 1", "choose another release")
    return files[0]
