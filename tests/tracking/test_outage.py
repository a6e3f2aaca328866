"""A server that dies ends no job: what it did not get is kept on disk, and the next start sends it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from avatar.checks.tracking_store import store as check_store
from avatar.common.errors import ArtifactError, ConfigError
from avatar.config.schema import Config, TrackingConfig
from avatar.tracking import quiet
from avatar.tracking.changes import BATCHED
from avatar.tracking.kept import FOLDER
from avatar.tracking.mlflow_values import PARENT_VARIABLE
from avatar.tracking.runs import PARENT_TAG, Run, find_job_run, job_run
from avatar.tracking.sweeps import close_sweep, open_sweep
from mlflow_server import MlflowServer
from students import TEXTS

pytestmark = pytest.mark.timeout(240)  # a server starts in a few seconds on an idle machine


@pytest.fixture
def server(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowServer]:
    """A running server; the working directory is another folder."""
    made = MlflowServer(tmp_path / "server", empty_store)
    made.start()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv(PARENT_VARIABLE, raising=False)
    yield made
    made.kill()


def config(server: MlflowServer, seed: int = 1) -> Config:
    return Config(seed=seed, tracking=TrackingConfig(uri=server.uri))


def runs(server: MlflowServer) -> dict[str, MlflowRun]:
    client = MlflowClient(tracking_uri=server.uri)
    everything = client.search_runs([one.experiment_id for one in client.search_experiments()])
    named = {run.info.run_name: run for run in everything}
    assert len(named) == len(everything), "a run was made twice"
    return named


def unsent() -> list[Path]:
    return [path for path in Path(f"mlartifacts/{FOLDER}").rglob("*") if path.is_file()]


def record(job: Run, bundle: Path, number: int) -> None:
    """What a job records: a nested run with params and metrics, then files and the model."""
    with job.child_run(f"candidate {number}", {"stage": "candidate"}) as child:
        child.log_params({"layers": number})
        for step in range(3):
            child.log_metrics({"valid/loss": 1 / (step + number)}, step=step)
    if number == 3:
        job.log_metrics({"test/accuracy": 0.75})
        (bundle.parent / "report.html").write_text("report")
        job.log_artifact(bundle.parent / "report.html")
        if bundle.is_dir():
            job.log_student_model(bundle, TEXTS[:2])


def test_a_job_outlives_its_server_and_the_next_start_sends_the_rest(
    server: MlflowServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = tmp_path / "output" / "bundle"  # without a model; that is tested with a whole job
    bundle.parent.mkdir()
    with caplog.at_level("INFO", logger="avatar"):
        with job_run(config(server), "job") as job:
            record(job, bundle, 1)
            server.kill()
            start = time.monotonic()
            record(job, bundle, 2)
            record(job, bundle, 3)
        assert time.monotonic() - start < quiet.LONGEST_REQUEST
    (warning, last) = [entry.message for entry in caplog.records if entry.levelname == "WARNING"]
    assert server.uri in warning
    assert "The job continues" in warning
    for sentence in (last, job.unsent):
        assert "the next start with the same tracking.uri" in sentence
        assert "kept in" in sentence
    shutil.rmtree(bundle.parent)  # the copies are sent, not what is there later

    server.start()
    assert runs(server)["job"].info.status == "RUNNING"
    done = find_job_run(config(server))
    assert done is not None
    assert done.finished
    assert not unsent()
    recorded = runs(server)
    assert sorted(recorded) == ["candidate 1", "candidate 2", "candidate 3", "job"]
    assert {run.info.status for run in recorded.values()} == {"FINISHED"}
    client = MlflowClient(tracking_uri=server.uri)
    for number in (1, 2, 3):
        run = recorded[f"candidate {number}"]
        assert run.data.tags[PARENT_TAG] == recorded["job"].info.run_id
        assert run.data.tags["stage"] == "candidate"
        assert run.data.params == {"layers": str(number)}
        history = client.get_metric_history(run.info.run_id, "valid/loss")
        assert [(entry.step, entry.value) for entry in history] == [(s, 1 / (s + number)) for s in range(3)]
        assert run.info.end_time - run.info.start_time < 60_000, "the time of the job, not that of the sending"
    finished = recorded["job"]
    assert finished.data.metrics == {"test/accuracy": 0.75}
    assert finished.data.params["seed"] == "1"
    assert {entry.path for entry in client.list_artifacts(finished.info.run_id)} >= {"config.yaml", "report.html"}


def test_a_server_that_comes_back_gets_everything_at_the_end_of_the_job(server: MlflowServer) -> None:
    with job_run(config(server), "job") as job:
        server.kill()
        job.log_metrics({"test/f1": 0.5})
        server.start()
        job.log_metrics({"test/mcc": 0.25})
    assert job.unsent == ""
    assert not unsent()
    assert runs(server)["job"].data.metrics == {"test/f1": 0.5, "test/mcc": 0.25}
    assert runs(server)["job"].info.status == "FINISHED"


def test_a_failed_job_keeps_its_own_error_and_is_recorded_later(server: MlflowServer) -> None:
    with pytest.raises(RuntimeError, match="no memory"), job_run(config(server), "job"):  # noqa: PT012
        server.kill()
        raise RuntimeError("no memory")
    server.start()
    found = find_job_run(config(server))
    assert found is not None
    assert (found.status, found.tags["error"]) == ("FAILED", "no memory")


@pytest.mark.slow
def test_a_server_that_dies_again_while_the_rest_is_sent(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change is there once, whatever was sent before the second death."""
    with job_run(config(server), "job") as job:
        server.kill()
        for number in (1, 2):
            with job.child_run(f"candidate {number}") as child:
                child.log_metrics({"valid/loss": number}, step=number)
    server.start()
    from avatar.tracking import kept

    apply, calls = kept.apply, []

    def dies(*args: object) -> object:
        calls.append(1)
        result = apply(*args)  # type: ignore[arg-type]
        if len(calls) == 2:
            server.kill()  # after the change, before its success is written
            raise ConnectionError("the answer was lost")
        return result

    monkeypatch.setattr(kept, "apply", dies)
    with pytest.raises(ArtifactError, match="does not record"), job_run(config(server, 2), "second"):
        pass
    monkeypatch.setattr(kept, "apply", apply)
    assert unsent()
    server.start()
    with job_run(config(server, 3), "third"):
        pass
    assert not unsent()
    recorded = runs(server)
    assert sorted(recorded) == ["candidate 1", "candidate 2", "job", "third"]
    assert {run.info.status for run in recorded.values()} == {"FINISHED"}


def test_a_killed_job_without_its_server_goes_on_in_its_run(server: MlflowServer, tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom avatar.config.schema import Config, TrackingConfig\n"
        "from avatar.tracking.runs import job_run\n"
        f"with job_run(Config(tracking=TrackingConfig(uri='{server.uri}')), 'job') as job:\n"
        f"    os.kill({server.pid}, signal.SIGKILL)\n"
        "    job.log_metrics({'test/f1': 0.25})\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (journal,) = [path for path in unsent() if path.suffix == ".jsonl"]
    journal.write_text(journal.read_text() + '{"kind": "ended", "ru')  # killed while it wrote a line
    server.kill()
    server.start()
    with job_run(config(server), "job") as job:
        assert job.resumed
        job.log_metrics({"test/mcc": 0.5})
    assert runs(server)["job"].data.metrics == {"test/f1": 0.25, "test/mcc": 0.5}


def test_the_jobs_of_a_sweep_start_without_the_server(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = config(server)
    store, parent = open_sweep(cfg.tracking, cfg.mlflow_experiment, "seed=1,2", "digest", "multirun")
    monkeypatch.setenv(PARENT_VARIABLE, parent)
    with job_run(cfg, "first") as first:
        first.log_metrics({"test/f1": 0.1})
        server.kill()
    second = config(server, 2)
    assert not list(check_store(second))
    assert find_job_run(second) is None
    with job_run(second, "second") as job, job.child_run("student") as child:
        child.log_metrics({"test/f1": 0.2})
    assert job.unsent
    close_sweep(store, parent)
    monkeypatch.delenv(PARENT_VARIABLE)

    server.start()
    other = config(server, 3)
    other.tracking.experiment = "another"
    with job_run(other, "third"):
        pass
    assert not unsent()
    recorded = runs(server)
    assert {name: run.info.status for name, run in recorded.items()} == dict.fromkeys(
        ["seed=1,2", "first", "second", "student", "third"], "FINISHED"
    )
    assert recorded["second"].data.tags[PARENT_TAG] == parent
    assert recorded["second"].info.experiment_id == recorded["first"].info.experiment_id
    assert recorded["student"].data.tags[PARENT_TAG] == recorded["second"].info.run_id


def test_without_a_server_a_sweep_and_a_single_job_do_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = Config(tracking=TrackingConfig(uri="http://127.0.0.1:9"))
    assert "no MLflow server answers" in str(list(check_store(cfg)))
    with pytest.raises(ConfigError, match="no MLflow server answers"), job_run(cfg, "job"):
        pass
    with pytest.raises(ConfigError, match="no MLflow server answers"):
        open_sweep(cfg.tracking, "demo", "name", "digest", "multirun")


def test_what_the_store_refuses_stays_on_disk_with_a_warning(
    server: MlflowServer, caplog: pytest.LogCaptureFixture
) -> None:
    with job_run(config(server), "job") as job:
        server.kill()
        job.log_metrics({"test/f1": 0.5})
    server.start()
    client = MlflowClient(tracking_uri=server.uri)
    client.delete_run(str(job.run_id))
    for seed in (2, 3):
        caplog.clear()
        with job_run(config(server, seed), f"job {seed}"):
            pass
        assert "cannot send what an earlier job recorded" in caplog.text
        assert "kept in" in caplog.text
    (journal,) = [path for path in unsent() if path.suffix == ".jsonl"]
    assert json.loads(journal.read_text().splitlines()[0])["kind"] == BATCHED


def test_a_disk_without_space_for_what_is_kept_is_one_clear_error(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(ArtifactError, match="No space left") as caught, job_run(config(server), "job") as job:  # noqa: PT012
        server.kill()
        monkeypatch.setattr(os, "fsync", full)
        job.log_metrics({"test/f1": 0.5})
    assert caught.value.exit_status == 2
    assert "free some disk space" in caught.value.hint


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that is healthy, and then answers no request, or asks to come again in an hour."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/health"):
                self.send_response(200)
                self.end_headers()
            elif "experiments" in self.path:
                self.send_response(503)
                self.send_header("Retry-After", "3600")
                self.end_headers()
            else:
                stopped.wait(60)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    stopped.set()
    made.shutdown()


def test_a_server_that_asks_to_wait_for_an_hour_is_one_clear_error(silent: str, tmp_path: Path) -> None:
    start = time.monotonic()
    with (
        pytest.raises(ArtifactError, match="cannot be used"),
        job_run(Config(tracking=TrackingConfig(uri=silent)), "job", root=tmp_path),
    ):
        pass
    assert time.monotonic() - start < quiet.LONGEST_REQUEST


def test_a_request_is_bounded() -> None:
    """MLflow's own settings take 498 s for a server that is dead, and more for one that is silent."""
    program = (
        "from avatar.tracking.quiet import quiet; quiet()\n"
        "from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES as a\n"
        "from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT as b\n"
        "print(a.get(), b.get())"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    shown = subprocess.run([sys.executable, "-c", program], env=clean, capture_output=True, text=True, timeout=120)
    retries, seconds = map(int, shown.stdout.split())
    assert (retries + 1) * seconds < quiet.LONGEST_REQUEST < 100
    mine = subprocess.run(
        [sys.executable, "-c", program],
        env={**clean, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert mine.stdout.split()[0] == "5", "a value of the user is kept"
