"""Paths as users write them, also on systems where the user has no home folder."""

import atexit
import getpass
import os
import shutil
import tempfile
from pathlib import Path

from avatar.common.errors import ConfigError


def user_path(text: str | Path) -> Path:
    """The path with a leading `~` or `~name` replaced by the home folder. Raises ConfigError if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"'{text}' begins with a home folder, and this user has no home folder",
            "give the full path, or set the environment variable HOME",
        ) from error


def home() -> Path | None:
    """The user's home folder; None if neither HOME nor the system's list of users has one (containers)."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def stand_ins() -> dict[str, str]:
    """Environment variables for libraries that need a home folder and a user name, if the system has none; else empty.

    The folder is temporary: it is removed, with all downloads in it, when this process ends.
    """
    variables = {}
    if home() is None:
        folder = tempfile.mkdtemp(prefix="avatar-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        variables["HOME"] = folder
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        variables["LOGNAME"] = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return variables
