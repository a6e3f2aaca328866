"""Fixtures that every test may use."""

import os
import signal
from pathlib import Path

import pytest

# A job in the background of a shell, or one of nohup, ignores these signals, and its children with it. Tests of signals
# need what a process in the foreground has.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _name in ("SIGHUP", "SIGQUIT"):
    if hasattr(signal, _name):
        signal.signal(getattr(signal, _name), signal.SIG_DFL)


@pytest.fixture(scope="session")
def avatar_data() -> Path:
    """The folder with the real data sets; tests that need it are skipped where AVATAR_DATA is not set."""
    root = os.environ.get("AVATAR_DATA")
    if not root:
        pytest.skip("AVATAR_DATA is not set")
    path = Path(root).expanduser().resolve()
    if not path.is_dir():
        raise FileNotFoundError(f"AVATAR_DATA names {path}, which is not a folder")
    return path
