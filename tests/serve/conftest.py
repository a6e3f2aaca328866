"""A student with random weights for each task, and a cache of each test's own."""

from pathlib import Path

import pytest

from avatar.data.records import Task
from students import tiny_bundle


@pytest.fixture(scope="session")
def clone_student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("clones") / "bundle", Task.PAIR, head="interaction").folder


@pytest.fixture(scope="session")
def fault_student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("faults") / "bundle", Task.FUNCTION).folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("AVATAR_BUNDLE", raising=False)
