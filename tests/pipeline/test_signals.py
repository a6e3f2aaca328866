"""A job ended by a signal: its run is KILLED, the exit status shows the signal, and the same command resumes it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jobs import small_job, write_pairs
from mlflow.entities import Run as MlflowRun

from avatar.config.schema import TrackingConfig
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.mlflow_values import config_yaml
from avatar.tracking.recorded_run import PARENT_TAG

pytestmark = pytest.mark.timeout(900)  # each test starts whole jobs

PROGRAM = Path(__file__).with_name("signalled.py")
MEASURED_TIMES = ("latency/", "energy/", "size/bundle_mb")
MADE_AGAIN = ("student", "finals", "measure", "report", "export", "bundle")
"""Stages that an interrupted job makes itself. It takes the others from the uninterrupted job."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of configuration with the small job as experiment `small`."""
    folder = tmp_path_factory.mktemp("settings")
    cfg = small_job(write_pairs(folder / "data"), folder)
    whole = yaml.safe_load(config_yaml(cfg))
    space = whole.pop("search_space")
    for key in ("tracking", "executor", "output_dir", "artifacts", "parent_run", "debug"):
        whole.pop(key)
    whole["tracking"] = {"log_model": False}
    override = {"override /search_space": "small"}
    (folder / "conf" / "experiment").mkdir(parents=True)
    (folder / "conf" / "search_space").mkdir()
    text = yaml.safe_dump(
        {"defaults": [{"override /dataset": "pairs"}, {"override /teacher": "predictions"}, override]}
    )
    (folder / "conf" / "experiment" / "small.yaml").write_text(f"# @package _global_\n{text}{yaml.safe_dump(whole)}")
    (folder / "conf" / "search_space" / "small.yaml").write_text(yaml.safe_dump(space))
    return folder / "conf"


def start(settings: Path, folder: Path, *overrides: str, **sent: object) -> subprocess.CompletedProcess[str]:
    """Run the small job in `folder`. `sent` are the variables of `signalled.py`, without `SIGNAL_`."""
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(PROGRAM.parent), *sys.path]),
    }
    environment |= {f"SIGNAL_{name.upper()}": str(value) for name, value in sent.items()}
    command = [sys.executable, str(PROGRAM), "--config-dir", str(settings), *overrides, "+experiment=small"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def runs(folder: Path) -> list[MlflowRun]:
    store = open_store(TrackingConfig(), "small", folder)
    return list(store.client.search_runs([store.experiment_id], order_by=["attributes.start_time ASC"]))


def jobs(folder: Path) -> list[MlflowRun]:
    return [run for run in runs(folder) if run.data.tags.get("stage") == "job"]


def repeatable(run: MlflowRun) -> dict[str, float]:
    return {name: value for name, value in run.data.metrics.items() if not name.startswith(MEASURED_TIMES)}


@pytest.fixture(scope="module")
def undisturbed(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    answer = start(settings, folder)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture
def folder(undisturbed: Path, tmp_path: Path) -> Path:
    """A working directory with all artifacts up to the student's."""
    shutil.copytree(undisturbed / "artifacts", tmp_path / "artifacts", ignore=shutil.ignore_patterns(*MADE_AGAIN))
    return tmp_path


def assert_goes_on(settings: Path, folder: Path, undisturbed: Path, *overrides: str) -> None:
    again = start(settings, folder, *overrides)
    assert again.returncode == 0, again.stderr
    assert "continues after step" in again.stderr + "".join(path.read_text() for path in folder.rglob("train.log"))
    assert {run.info.status for run in runs(folder)} == {"FINISHED"}
    (expected,) = jobs(undisturbed)
    first = next(run for run in jobs(folder) if run.data.params["seed"] == "1")
    assert repeatable(first) == pytest.approx(repeatable(expected), abs=1e-6)


@pytest.mark.parametrize(
    "signum",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_job_as_killed_and_the_same_command_goes_on(
    signum: signal.Signals, settings: Path, folder: Path, undisturbed: Path
) -> None:
    answer = start(settings, folder, "trainer.progress=lines", number=int(signum), seed=1, target="job")
    assert answer.returncode == 128 + signum, answer.stderr
    assert f"ended by {signum.name}" in answer.stderr
    assert "Traceback" not in answer.stderr
    (job,) = jobs(folder)
    assert job.info.status == "KILLED"
    assert not list((folder / "artifacts" / "student").rglob("manifest.json"))
    assert_goes_on(settings, folder, undisturbed, "trainer.progress=lines")
    assert len(jobs(folder)) == 1


@pytest.mark.parametrize(
    ("launcher", "target", "seeds"),
    [
        pytest.param("joblib", "parent", "1,2", marks=pytest.mark.slow),
        pytest.param("joblib", "job", "1,2", marks=pytest.mark.slow),
        pytest.param("local", "job", "1", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_sweep_as_killed(
    launcher: str, target: str, seeds: str, settings: Path, folder: Path, undisturbed: Path
) -> None:
    overrides = ("-m", f"seed={seeds}", f"executor={launcher}", "trainer.progress=lines")
    answer = start(settings, folder, *overrides, number=int(signal.SIGTERM), seed=1, target=target)
    assert answer.returncode == 128 + signal.SIGTERM, answer.stderr
    sweep = next(run for run in runs(folder) if run.data.tags.get("stage") == "sweep")
    below = {run.data.params["seed"]: run.info.status for run in jobs(folder)}
    assert sweep.info.status == "KILLED"
    assert below["1"] == "KILLED"
    assert "RUNNING" not in {run.info.status for run in runs(folder)}
    assert {run.data.tags[PARENT_TAG] for run in jobs(folder)} == {sweep.info.run_id}
    assert_goes_on(settings, folder, undisturbed, *overrides)
