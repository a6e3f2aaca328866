"""The MLflow server dies for good in a job: report and bundle are made, and the next start sends the rest."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs import small_job, write_pairs
from mlflow.tracking import MlflowClient
from omegaconf import OmegaConf

from avatar import app
from avatar.config.schema import Config, TrackingConfig
from avatar.pipeline.recording import Recorder
from avatar.serve import Predictor
from avatar.tracking.kept import FOLDER
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.mlflow_values import PARENT_VARIABLE
from mlflow_server import MlflowCommand

pytestmark = pytest.mark.timeout(900)  # two whole small jobs and two starts of `mlflow server`


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowCommand]:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv(PARENT_VARIABLE, raising=False)
    open_store(TrackingConfig(), "unused", tmp_path / "empty")
    made = MlflowCommand(tmp_path / "server", tmp_path / "empty" / "mlflow.db")
    made.start()
    yield made
    made.kill()


def job(server: MlflowCommand, data: Path, folder: Path) -> Config:
    return small_job(data, folder, tracking=TrackingConfig(uri=server.uri))


def test_report_and_bundle_are_there_and_the_next_start_sends_what_was_kept(
    server: MlflowCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    cfg = job(server, write_pairs(tmp_path / "data"), tmp_path)
    candidate, killed = Recorder.candidate, []

    def dies(self: Recorder, *arguments: object) -> None:
        candidate(self, *arguments)  # type: ignore[arg-type]
        if arguments[-1] == 2:
            server.kill()
            killed.append(time.monotonic())

    monkeypatch.setattr(Recorder, "candidate", dies)
    with caplog.at_level("INFO", logger="avatar"):
        score = app.run(OmegaConf.structured(cfg))
    monkeypatch.setattr(Recorder, "candidate", candidate)
    assert len(killed) == 1
    assert score is not None
    output = Path(cfg.output_dir)
    assert "student" in (output / "report.html").read_text()
    assert Predictor(output / "bundle").predict([("def add(a): return a", "def add(b): return b")]).shape == (1, 2)
    assert sum("The job continues" in entry.message for entry in caplog.records) == 1
    shown = capsys.readouterr().out
    assert f"report: {output / 'report.html'}" in shown
    assert "changes are not in the tracking store" in shown
    assert "the next start with the same tracking.uri and tracking.artifacts sends them" in shown
    assert list(Path(f"mlartifacts/{FOLDER}").rglob("changes.jsonl"))

    server.start()
    caplog.clear()
    with caplog.at_level("INFO", logger="avatar"):
        assert app.run(OmegaConf.structured(job(server, tmp_path / "data", tmp_path))) == score
    assert "did not get before" in caplog.text
    assert not list(Path(f"mlartifacts/{FOLDER}").rglob("changes.jsonl"))
    assert "not in the tracking store" not in capsys.readouterr().out

    client = MlflowClient(tracking_uri=server.uri)
    experiment = client.get_experiment_by_name("small")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    jobs = [run for run in runs if run.data.tags.get("stage") == "job"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    names = {
        number: sorted(
            run.info.run_name for run in runs if run.data.tags.get("mlflow.parentRunId") == jobs[number].info.run_id
        )
        for number in (0, 1)
    }
    assert names[0] == names[1] == ["candidate 1", "candidate 2", "candidate 3", "student", "teacher"]
    first, second = jobs  # the second start reused every artifact, so all of its numbers are the same
    for field in ("metrics", "params"):
        assert getattr(first.data, field) == getattr(second.data, field)
    files = [sorted(entry.path for entry in client.list_artifacts(one.info.run_id)) for one in jobs]
    assert files[0] == files[1]
    assert "report.html" in files[0]
    assert [len(one.outputs.model_outputs) for one in jobs] == [1, 1]
