"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


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
