"""A store whose folder was moved, copied or mounted elsewhere: no file is lost or written to the old folder."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from avatar.common.errors import ArtifactError
from avatar.config.schema import Config, TrackingConfig
from avatar.data.records import Task
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.moved import follow_folder, local_path
from avatar.tracking.runs import job_run
from students import TEXTS, tiny_bundle


@pytest.fixture
def project(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with a store in it."""
    folder = root / "a project"
    folder.mkdir()
    (root / "mlflow.db").rename(folder / "mlflow.db")
    monkeypatch.chdir(folder)
    return folder


def job(root: Path, seed: int, **tracking: object) -> str:
    cfg = Config(seed=seed, tracking=TrackingConfig(**tracking))  # type: ignore[arg-type]
    with job_run(cfg, f"job {seed}", root=root) as run, run.child_run("student") as child:
        child.log_text(f"of {seed}", "note.txt")
    assert run.run_id is not None
    return run.run_id


def runs(root: Path, **tracking: object) -> dict[str, MlflowRun]:
    store = open_store(TrackingConfig(**tracking), "demo", root)  # type: ignore[arg-type]
    return {run.info.run_id: run for run in store.client.search_runs([store.experiment_id])}


def assert_readable(recorded: dict[str, MlflowRun], below: Path) -> None:
    assert recorded
    for run in recorded.values():
        path = local_path(run.info.artifact_uri)
        assert path is not None
        assert path.is_relative_to(below)
        name = "note.txt" if run.info.run_name == "student" else "config.yaml"
        assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{name}")


def test_a_moved_project_keeps_its_files_and_adds_to_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job(project, 1)
    moved = project.parent / "elsewhere" / "größer"
    moved.parent.mkdir()
    monkeypatch.chdir(project.parent)
    project.rename(moved)
    job(moved, 2)
    assert not project.exists()
    recorded = runs(moved)
    assert len(recorded) == 4
    assert_readable(recorded, moved / "mlartifacts")
    assert all(
        run.data.tags["output_dir"].startswith(str(moved))
        for run in recorded.values()
        if run.info.run_name != "student"
    )
    (moved / "mlartifacts").rename(project.parent / "gone")
    shutil.copytree(project.parent / "gone", moved / "mlartifacts")
    moved.rename(project)  # and back again
    assert_readable(runs(project), project / "mlartifacts")


def test_a_job_that_was_killed_before_the_move_continues_in_the_new_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (  # in its own process: MLflow caches paths as long as a process runs
        "import os, signal\nfrom avatar.config.schema import Config\nfrom avatar.tracking.runs import job_run\n"
        "with job_run(Config(), 'job'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=project, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    moved = project.with_name("moved")
    monkeypatch.chdir(project.parent)
    project.rename(moved)
    with job_run(Config(), "job", root=moved) as run:
        assert run.resumed
        run.log_text("more", "more.txt")
    assert not project.exists()
    assert_readable(runs(moved), moved)


def test_a_copied_project_uses_its_own_files(project: Path) -> None:
    job(project, 1)
    copy = project.with_name("copy")
    shutil.copytree(project, copy)
    before = sorted(project.rglob("*"))
    job(copy, 2)
    assert_readable(runs(copy), copy)
    assert sorted(project.rglob("*")) == before
    assert len(runs(project)) == 2


def test_a_store_of_before_has_no_tag_and_is_followed_all_the_same(project: Path) -> None:
    job(project, 1)
    client = open_store(TrackingConfig(), "demo", project).client
    for experiment in client.search_experiments():
        for tag in experiment.tags:
            client.delete_experiment_tag(experiment.experiment_id, tag)
    moved = project.with_name("moved")
    project.rename(moved)
    job(moved, 2)
    assert not project.exists()
    assert_readable(runs(moved), moved)


def test_another_folder_for_artifacts_is_used_and_old_files_stay_readable(project: Path) -> None:
    first = job(project, 1)
    second = job(project, 2, artifacts="files")
    recorded = runs(project, artifacts="files")
    assert_readable({first: recorded[first]}, project / "mlartifacts")
    assert_readable({second: recorded[second]}, project / "files")
    third = job(project, 3)
    assert_readable({third: runs(project)[third]}, project / "mlartifacts")
    assert_readable({second: runs(project)[second]}, project / "files")


def test_other_experiments_and_models_move_along(project: Path) -> None:
    bundle = tiny_bundle(project / "bundle", Task.FUNCTION).folder
    with job_run(Config(experiment="other"), "job", root=project) as run:
        uri = run.log_student_model(bundle, TEXTS[:2])
    assert uri is not None
    moved = project.with_name("moved")
    project.rename(moved)
    job(moved, 2)  # of the experiment `demo`
    assert not project.exists()
    assert mlflow.pyfunc.load_model(uri).predict(mlflow.pyfunc.load_model(uri).input_example) is not None
    assert not project.exists()


def test_the_page_of_runs_follows_before_any_job(project: Path) -> None:
    run_id = job(project, 1)
    moved = project.with_name("moved")
    project.rename(moved)
    command = [sys.executable, "-m", "avatar.tracking.moved", "mlflow.db", "none.db"]  # as `make ui` does
    subprocess.run(command, cwd=moved, check=True, timeout=60)
    client = MlflowClient(f"sqlite:///{moved}/mlflow.db")
    assert Path(client.download_artifacts(run_id, "config.yaml")).is_file()
    assert follow_folder(moved / "mlflow.db") == 0
    makefile = Path(__file__).parents[2] / "Makefile"
    assert "-m avatar.tracking.moved mlflow.db\n\t$(BIN)/mlflow ui" in makefile.read_text()


def test_a_store_that_cannot_be_changed_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.setattr("avatar.tracking.moved.BUSY_SECONDS", 0)
    job(project, 1)
    moved = project.with_name("moved")
    project.rename(moved)
    holder = sqlite3.connect(moved / "mlflow.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArtifactError, match="cannot correct the paths in the tracking store"):
        follow_folder(moved / "mlflow.db")
    holder.close()


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///a%20b/c", "/a b/c"),
        ("/a b/c", "/a b/c"),
        ("s3://bucket/x", None),
        ("mlruns/0", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(address: str | None, path: str | None) -> None:
    assert local_path(address) == (Path(path) if path else None)
