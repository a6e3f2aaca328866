from pathlib import Path

import pytest

from avatar.common.errors import ArtifactError, ConfigError
from avatar.config.schema import TrackingConfig
from avatar.tracking.address import resolve_uri
from avatar.tracking.mlflow_store import open_store, warn_of_other_location


def test_experiment_keeps_its_files_where_the_config_says(root: Path) -> None:
    store = open_store(TrackingConfig(artifacts="files"), "clone bcb/1")
    experiment = store.client.get_experiment(store.experiment_id)
    assert experiment.name == "clone bcb/1"
    assert experiment.artifact_location == (root / "files" / "clone_bcb_1").as_uri()
    assert not (root / "mlruns").exists()


def test_opening_again_gives_the_same_experiment(root: Path) -> None:
    first, second = (open_store(TrackingConfig(), "demo") for _ in range(2))
    assert first.experiment_id == second.experiment_id


def test_a_shared_database_keeps_its_location_and_warns(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(TrackingConfig(), "demo")
    here = (root / "mlartifacts" / "demo").as_uri()
    with caplog.at_level("WARNING", logger="avatar"):
        warn_of_other_location(store.client, store.experiment_id, here)
        assert not caplog.text
        warn_of_other_location(store.client, store.experiment_id, "file:///elsewhere")
    assert here in caplog.text
    assert "file:///elsewhere" in caplog.text


def test_relative_paths_do_not_follow_the_working_directory(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_store(TrackingConfig(), "demo", root)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert open_store(TrackingConfig(), "demo", root).experiment_id == first.experiment_id
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize("uri", ["file:./mlruns", "mlruns", "sqlite://", "sqlite:///:memory:", "ftp://host"])
def test_stores_that_cannot_work_are_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigError, match=r"tracking\.uri"):
        open_store(TrackingConfig(uri=uri), "demo", tmp_path)


def test_servers_and_databases_keep_their_address(tmp_path: Path) -> None:
    for uri in ("http://host:5000", "postgresql+psycopg2://u@host/db"):
        assert resolve_uri(uri, tmp_path) == (uri, None)


def test_an_absolute_file_stays_where_it_is(tmp_path: Path) -> None:
    uri, path = resolve_uri(f"sqlite:///{tmp_path}/x.db", Path("/nowhere"))
    assert path == tmp_path / "x.db"
    assert uri.startswith(f"sqlite:///{tmp_path}/x.db")


def test_a_silent_server_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no MLflow server answers"):
        open_store(TrackingConfig(uri="http://127.0.0.1:9"), "demo", tmp_path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is my shopping list, not a database. " * 10)
    with pytest.raises(ArtifactError, match="not an sqlite database"):
        open_store(TrackingConfig(), "demo", tmp_path)


def test_an_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mlartifacts").write_text("in the way")
    with pytest.raises(ArtifactError, match="cannot prepare"):
        open_store(TrackingConfig(), "demo", tmp_path)


def test_a_deleted_experiment_is_named(root: Path) -> None:
    store = open_store(TrackingConfig(), "demo")
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(ConfigError, match="was deleted"):
        open_store(TrackingConfig(), "demo")
