import shutil
from pathlib import Path

import pytest

from avatar.config.schema import TrackingConfig
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.mlflow_values import PARENT_VARIABLE


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new sqlite store. Making one takes MLflow seconds, so tests copy this one."""
    folder = tmp_path_factory.mktemp("store")
    open_store(TrackingConfig(), "unused", folder)
    return folder / "mlflow.db"


@pytest.fixture
def root(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a store in it, outside any sweep."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(PARENT_VARIABLE, raising=False)
    return tmp_path
