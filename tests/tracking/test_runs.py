import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import yaml
from mlflow.entities import Run as MlflowRun

from avatar.common.errors import ConfigError
from avatar.common.signals import Interrupted
from avatar.config.schema import Config, TrackingConfig
from avatar.data.records import Task
from avatar.serve import Predictor
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.runs import PARENT_TAG, find_job_run, job_run
from students import TEXTS, tiny_bundle


def runs() -> list[MlflowRun]:
    store = open_store(TrackingConfig(), "demo")
    return list(store.client.search_runs([store.experiment_id], order_by=["attributes.start_time ASC"]))


def names() -> list[str]:
    return sorted(run.info.run_name for run in runs())


def test_a_job_leaves_what_design_names(root: Path) -> None:
    metrics = {f"test/metric_{row}": row / 7 for row in range(100)}
    with job_run(Config(seed=3), "job", tags={"energy_method": "estimate"}) as job:
        job.log_metrics({**metrics, "test/mcc": float("nan")})
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics == metrics
    assert run.data.params["seed"] == "3"
    tags = run.data.tags
    assert {"dataset", "teacher", "search_space", "stage", "config_hash", "output_dir", "machine"} <= set(tags)
    assert tags["energy_method"] == "estimate"
    assert tags["output_dir"] == str(root / "outputs")
    read = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/config.yaml")
    assert yaml.safe_load(read)["seed"] == 3
    assert (root / "mlartifacts" / "demo" / run.info.run_id / "artifacts" / "config.yaml").is_file()


def test_children_are_nested_and_steps_kept(root: Path) -> None:
    with job_run(Config(), "job") as job, job.child_run("candidate-1", {"stage": "candidate"}) as child:
        for step in range(3):
            child.log_metrics({"valid/accuracy": step / 2}, step=step)
    parent, nested = runs()
    assert nested.data.tags[PARENT_TAG] == parent.info.run_id
    assert nested.data.tags["stage"] == "candidate"
    history = open_store(TrackingConfig(), "demo").client.get_metric_history(nested.info.run_id, "valid/accuracy")
    assert [(entry.step, entry.value) for entry in history] == [(0, 0.0), (1, 0.5), (2, 1.0)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("the disk is full\nmore"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(2), "FAILED"),
        (SystemExit(0), "FAILED"),  # whatever called exit, the job has no result
        (Interrupted(signal.SIGTERM), "KILLED"),
    ],
)
def test_a_run_ends_as_its_job_did(root: Path, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), job_run(Config(), "job") as job, job.child_run("teacher"):
        raise error
    assert [run.info.status for run in runs()] == [status, status]
    if status == "FAILED" and isinstance(error, RuntimeError):
        assert runs()[0].data.tags["error"] == "the disk is full"


def test_a_failed_job_goes_on_in_its_run(root: Path) -> None:
    with pytest.raises(RuntimeError), job_run(Config(), "job") as job:  # noqa: PT012
        with job.child_run("teacher") as teacher:
            teacher.log_metrics({"teacher_test/f1": 0.9})
        raise RuntimeError("power cut")
    with job_run(Config(output_dir="another"), "job") as job:
        assert job.resumed
        with job.child_run("teacher") as teacher:
            teacher.log_metrics({"teacher_test/f1": 0.9})
        with job.child_run("student"):
            pass
    assert names() == ["job", "student", "teacher"]
    job_record = next(run for run in runs() if run.info.run_name == "job")
    assert job_record.info.status == "FINISHED"
    assert "error" not in job_record.data.tags
    assert job_record.data.tags["output_dir"] == str(root / "another")
    child = next(run for run in runs() if run.info.run_name == "teacher")
    history = open_store(TrackingConfig(), "demo").client.get_metric_history(child.info.run_id, "teacher_test/f1")
    assert len(history) == 1


def test_a_finished_job_is_recognised_and_not_changed(root: Path) -> None:
    assert find_job_run(Config()) is None
    with job_run(Config(), "job") as job:
        job.log_metrics({"test/f1": 0.5})
    run = find_job_run(Config(output_dir="elsewhere"))
    assert run is not None
    assert run.finished
    assert run.metrics == {"test/f1": 0.5}
    assert find_job_run(Config(seed=2)) is None
    with job_run(Config(), "again"):
        pass
    assert names() == ["again", "job"]


def test_a_job_at_work_elsewhere_is_not_taken_over(root: Path) -> None:
    with job_run(Config(), "first") as first, job_run(Config(), "second") as second:
        assert first.run_id != second.run_id
    assert {run.info.status for run in runs()} == {"FINISHED"}


def test_a_killed_job_goes_on_in_its_run(root: Path) -> None:
    program = (
        "import os, signal\nfrom avatar.config.schema import Config\n"
        "from avatar.tracking.runs import job_run\n"
        "with job_run(Config(), 'job') as job:\n"
        "    job.log_metrics({'test/f1': 0.25})\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert killed.returncode == -signal.SIGKILL
    assert [run.info.status for run in runs()] == ["RUNNING"]
    with job_run(Config(), "job") as job:
        job.log_metrics({"test/f1": 0.75})
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"test/f1": 0.75}


def test_without_tracking_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = Config(tracking=TrackingConfig(enabled=False))
    assert find_job_run(cfg) is None
    with job_run(cfg, "job") as job, job.child_run("teacher") as child:
        child.log_metrics({"test/f1": 0.5})
        child.log_text("x", "x.txt")
        assert job.log_student_model(tmp_path, ["x"]) is None
        with pytest.raises(ValueError, match="group/name"):
            child.log_metrics({"f1": 0.5})
    assert not list(tmp_path.iterdir())


def test_a_parent_of_another_store_is_named(root: Path) -> None:
    with pytest.raises(ConfigError, match="parent run 0123"), job_run(Config(parent_run="0123"), "job"):
        pass


@pytest.mark.parametrize("task", list(Task))
def test_a_logged_student_answers_as_the_predictor(root: Path, task: Task) -> None:
    bundle = tiny_bundle(root / "bundle", task).folder
    examples = TEXTS[:3] if task is Task.FUNCTION else list(pairwise(TEXTS[:4]))
    with job_run(Config(), "job") as job:
        uri = job.log_student_model(bundle, examples)
        assert job.log_student_model(bundle, examples) == uri, "a resumed job logs no second model"
    assert uri is not None
    model = mlflow.pyfunc.load_model(uri)
    columns = ["code"] if task is Task.FUNCTION else ["code1", "code2"]
    assert model.metadata.get_input_schema().input_names() == columns
    assert model.metadata.get_output_schema().input_names() == ["probability", "label"]
    example = model.input_example
    assert list(example.columns) == columns
    answers = model.predict(pd.DataFrame(example))
    predictor = Predictor(bundle, threads=1)
    expected = predictor.predict(examples)
    assert answers["probability"].to_numpy() == pytest.approx(expected[:, 1], abs=1e-6)
    assert list(answers["label"]) == predictor.label(expected)
    (run,) = runs()
    assert [f"models:/{output.model_id}" for output in run.outputs.model_outputs] == [uri]
    assert list((root / "mlartifacts" / "demo" / "models").glob("*/artifacts/MLmodel"))
    assert not list((root / "mlartifacts").rglob("*.pkl"))
