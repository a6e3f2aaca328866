"""Paths as users write them, also on systems where the user has no home folder."""

import atexit
import getpass
import os
import shutil
import tempfile
from pathlib import Path

from avatar.common.errors import ConfigError

STAND_IN = "AVATAR_TEMPORARY_HOME"
"""Environment variable that says, also to child processes, that HOME is the temporary folder of `stand_ins`."""


def user_path(text: str | Path) -> Path:
    """The path with a leading `~` or `~name` replaced by the home folder. Raises ConfigError if there is none."""
    path = Path(text)
    first = path.parts[0] if path.parts else ""
    if first == "~" and STAND_IN in os.environ:
        raise _no_home(text)  # results in the temporary folder would be lost
    try:
        return path.expanduser()
    except RuntimeError as error:
        if first == "~":
            raise _no_home(text) from error
        raise ConfigError(
            f"'{text}' begins with a user's home folder, and there is no user '{first[1:]}'",
            "give the full path, or begin it with ./ if this is the name of a file or folder",
        ) from error


def _no_home(text: str | Path) -> ConfigError:
    return ConfigError(
        f"'{text}' begins with a home folder, and this user has no home folder",
        "give the full path, or set the environment variable HOME",
    )


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
    variables: dict[str, str] = {}
    if home() is None:
        folder = tempfile.mkdtemp(prefix="avatar-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        variables |= {"HOME": folder, STAND_IN: "1"}
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        variables["LOGNAME"] = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return variables
