"""Paths as users write them, on systems that may not know the user."""

import atexit
import getpass
import os
import shutil
import tempfile
from pathlib import Path

from avatar.common.errors import ConfigError


def user_path(text: str | Path) -> Path:
    """The path, with the home folder for a leading `~` or `~name`; where there is none, a ConfigError says so."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"'{text}' begins at a home folder, and there is no home folder for this user",
            "give the full path, or set the variable HOME",
        ) from error


def home() -> Path | None:
    """The user's home folder; None where neither HOME nor the system's list of users names one (containers)."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def stand_ins() -> dict[str, str]:
    """Variables for libraries that ask for the user's home folder and name, where these are not known; else empty.

    The folder is a temporary one, which goes when this process ends: what is downloaded into it is not kept.
    """
    found = {}
    if home() is None:
        folder = tempfile.mkdtemp(prefix="avatar-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        found["HOME"] = folder
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        found["LOGNAME"] = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return found
