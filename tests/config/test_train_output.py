"""What `train.py` says where nobody listens: never 1, never a traceback, and a finished job stays finished."""

import errno
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from omegaconf import DictConfig, OmegaConf

from avatar import app
from avatar.config.error_messages import report_errors
from avatar.config.schema import ArtifactsConfig, Config

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"help": ["--help"], "config": ["--cfg", "job"]}


def train(arguments: list[str], redirection: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    return subprocess.run(
        ["bash", "-c", f'"$@" {redirection}', "bash", *command],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("redirection", "status"),
    [("| exit; exit ${PIPESTATUS[0]}", 141), (">/dev/full", 2), (">&-", 0), ("<&- >&- 2>&-", 0), ("2>&-", 0)],
)
def test_what_cannot_be_told_is_no_failure_of_the_program(
    asked: str, redirection: str, status: int, unbuffered: str
) -> None:
    answer = train(ASKED[asked], redirection, PYTHONUNBUFFERED=unbuffered)
    assert answer.returncode == status, answer.stderr
    assert "Traceback" not in answer.stderr
    assert ("No space left" in answer.stderr) == (status == 2)
    if status == 141:
        assert answer.stderr == ""


class Broken(io.TextIOWrapper):
    """A standard output that fails."""

    def __init__(self, number: int) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.number = number

    def flush(self) -> None:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EBADF])
def test_a_finished_job_whose_result_cannot_be_printed_is_finished(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In a sweep the next job must get its turn; the report says what was not printed."""
    composed = OmegaConf.structured(Config(output_dir=str(tmp_path), artifacts=ArtifactsConfig(str(tmp_path))))
    assert isinstance(composed, DictConfig)
    composed.tracking.enabled = False
    outcome = SimpleNamespace(
        table=pd.DataFrame({"a": [1]}),
        metrics={f"valid/{composed.dataset.metric}": 0.5, "size/bundle_mb": 1.0},
        report=tmp_path / "report.html",
        bundle=tmp_path / "bundle",
    )
    monkeypatch.setattr(app, "validated", lambda cfg: OmegaConf.to_object(cfg))
    monkeypatch.setattr("avatar.pipeline.run_job.run_job", lambda *_: outcome)
    monkeypatch.setattr("avatar.report.result_table.render", lambda _: "the table")
    monkeypatch.setattr(sys, "stdout", Broken(number))
    with caplog.at_level(logging.WARNING, logger="avatar"):
        assert app.run(composed) == 0.5
    assert "report.html" in caplog.text


def test_a_broken_pipe_of_something_else_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with report_errors():
            raise BrokenPipeError(errno.EPIPE, "of a worker")

    with pytest.raises(SystemExit) as stopped:
        fails()
    assert stopped.value.code == 1
    assert "of a worker" in capsys.readouterr().err
