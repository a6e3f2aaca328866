"""The plan shows what would run and why, and makes nothing."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jobs import small_job, write_pairs

from avatar.config.schema import Config
from avatar.pipeline.plan import plan, render
from avatar.pipeline.run_job import run_job
from avatar.pipeline.stages import STAGES
from avatar.tracking.runs import Run

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cfg(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("plan")
    return small_job(write_pairs(folder / "data"), folder)


def states(cfg: Config) -> dict[str, str]:
    return {step.stage: step.state for step in plan(cfg)}


def test_a_plan_names_every_stage_and_makes_nothing(cfg: Config) -> None:
    before = states(cfg)
    assert list(before) == [stage.name for stage in STAGES]
    assert before["dataset"] == "to do: no earlier result"
    assert before["student"] == "after dataset"
    assert not Path(cfg.artifacts.folder).exists()


def test_after_the_job_everything_is_done_and_a_change_is_named(cfg: Config) -> None:
    run_job(cfg, Run())
    after = states(cfg)
    assert after["candidate"] == "3 done"
    assert {after[name] for name in ("teacher", "labels", "search", "student", "measure", "export")} == {"done"}
    longer = dataclasses.replace(cfg, distill=dataclasses.replace(cfg.distill, epochs=5, clip=0.5))
    changed = states(longer)
    assert changed["labels"] == "done"
    assert changed["candidate"] == "to do: recipe.clip is 0.5, was 1.0"
    assert changed["student"] == "after candidate"
    page = render(plan(longer))
    assert all(stage.title in page for stage in STAGES)
    assert " s  done" in page


def test_the_command_writes_nothing(tmp_path: Path) -> None:
    write_pairs(tmp_path / "data")
    command = [
        sys.executable,
        str(PROJECT / "train.py"),
        "--plan",
        "dataset=pairs",
        f"dataset.root={tmp_path / 'data'}",
    ]
    command += ["dataset.language=python", "teacher=predictions", f"teacher.path={tmp_path / 'data' / 'logits.npy'}"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert "to do: no earlier result" in answer.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
