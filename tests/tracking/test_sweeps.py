import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Run as MlflowRun
from omegaconf import OmegaConf

from avatar.config.schema import Config, TrackingConfig
from avatar.tracking.callback import SweepCallback
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.mlflow_values import PARENT_VARIABLE
from avatar.tracking.runs import PARENT_TAG, find_job_run, job_run
from avatar.tracking.sweeps import sweep_hash

PROGRAM = """
import hydra
from omegaconf import OmegaConf
from avatar.config.schema import register_schema
register_schema()

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config):
    from avatar.tracking.runs import find_job_run, job_run
    cfg = OmegaConf.to_object(config)
    done = find_job_run(cfg)
    if done is not None and done.finished:
        print("skipped", cfg.seed)
        return
    with job_run(cfg, f"seed={cfg.seed}") as job:
        job.log_metrics({f"test/metric_{row}": cfg.seed for row in range(100)})
        with job.child_run("student") as child:
            child.log_metrics({"size/params": cfg.seed})

main()
"""

CONFIG = """
defaults:
  - avatar_schema
  - _self_
  - override hydra/launcher: joblib
hydra:
  launcher: {n_jobs: 4}
  callbacks:
    sweep: {_target_: avatar.tracking.callback.SweepCallback}
output_dir: ${hydra:runtime.output_dir}
"""


def sweep_config(overrides: list[str], **changes: Any) -> Any:
    """The parts of Hydra's config that the callback uses."""
    hydra = {"overrides": {"task": overrides}, "sweep": {"dir": "multirun/1"}}
    return OmegaConf.create({**OmegaConf.to_container(OmegaConf.structured(Config())), **changes, "hydra": hydra})


def runs(root: Path) -> list[MlflowRun]:
    store = open_store(TrackingConfig(), "demo", root)
    return list(store.client.search_runs([store.experiment_id]))


def test_jobs_land_under_the_parent_of_their_sweep(root: Path) -> None:
    callback = SweepCallback()
    config = sweep_config(["seed=1,2"])
    callback.on_multirun_start(config)
    for seed in (1, 2):
        with job_run(Config(seed=seed), f"seed={seed}"):
            pass
    callback.on_multirun_end(config)
    assert PARENT_VARIABLE not in os.environ
    parent = next(run for run in runs(root) if "sweep_hash" in run.data.tags)
    jobs = [run for run in runs(root) if run.data.tags.get(PARENT_TAG) == parent.info.run_id]
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "seed=1,2"
    assert sorted(run.info.run_name for run in jobs) == ["seed=1", "seed=2"]


def test_the_second_start_finds_the_parent_and_what_is_done(root: Path) -> None:
    config = sweep_config(["seed=1,2"])
    for start in range(2):
        callback = SweepCallback()
        callback.on_multirun_start(config)
        recorded_runs = [find_job_run(Config(seed=seed)) for seed in (1, 2)]
        assert [run is not None for run in recorded_runs] == [start == 1] * 2
        for seed in (1, 2) if start == 0 else ():
            with job_run(Config(seed=seed), f"seed={seed}"):
                pass
        callback.on_multirun_end(config)
    assert len(runs(root)) == 3


def test_another_sweep_gets_another_parent_and_its_own_jobs(root: Path) -> None:
    for overrides in (["seed=1,2"], ["seed=1,3"]):
        callback = SweepCallback()
        callback.on_multirun_start(sweep_config(overrides))
        assert find_job_run(Config(seed=1)) is None
        with job_run(Config(seed=1), "seed=1"):
            pass
        callback.on_multirun_end(sweep_config(overrides))
    assert len(runs(root)) == 4


def test_a_failed_job_fails_its_sweep(root: Path) -> None:
    callback = SweepCallback()
    callback.on_multirun_start(sweep_config(["seed=1"]))
    with pytest.raises(RuntimeError), job_run(Config(), "seed=1"):
        raise RuntimeError("no")
    callback.on_multirun_end(sweep_config(["seed=1"]))
    assert {run.info.status for run in runs(root)} == {"FAILED"}


def test_a_store_that_cannot_work_ends_the_program(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = sweep_config(["seed=1"], tracking={"uri": "file:./mlruns"})
    with pytest.raises(SystemExit) as stopped:
        SweepCallback().on_multirun_start(config)
    assert stopped.value.code == 2
    assert "tracking.uri" in capsys.readouterr().err


def test_without_tracking_the_callback_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = sweep_config(["seed=1"], tracking={"enabled": False})
    SweepCallback().on_multirun_start(config)
    SweepCallback().on_multirun_end(config)
    assert not list(tmp_path.iterdir())


def test_hash_sees_what_is_swept_and_not_where_it_lands() -> None:
    base = {"seed": 1, "output_dir": "a", "tracking": {"uri": "x"}, "hydra": {"job": 1}}
    elsewhere = {**base, "output_dir": "b", "tracking": {"uri": "y"}, "hydra": {"job": 2}}
    overrides = ["seed=1,2", "+experiment=demo"]
    assert sweep_hash(base, overrides) == sweep_hash(
        elsewhere, [*reversed(overrides), "tracking.uri=y", "executor=joblib"]
    )
    assert sweep_hash(base, overrides) != sweep_hash(base, ["seed=1,3", "+experiment=demo"])
    assert sweep_hash(base, overrides) != sweep_hash({**base, "seed": 5}, overrides)


@pytest.mark.slow
def test_four_processes_on_a_fresh_store_lose_no_run(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(CONFIG)
    (tmp_path / "job.py").write_text(PROGRAM)
    command = [sys.executable, "job.py", "-m", "seed=1,2,3,4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for start in range(2):
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.count("skipped") == (0 if start == 0 else 4)
        assert "alembic" not in answer.stderr
    recorded_runs = runs(tmp_path)
    assert {run.info.status for run in recorded_runs} == {"FINISHED"}
    parent = next(run for run in recorded_runs if "sweep_hash" in run.data.tags)
    jobs = [run for run in recorded_runs if run.data.tags.get(PARENT_TAG) == parent.info.run_id]
    assert sorted(run.info.run_name for run in jobs) == ["seed=1", "seed=2", "seed=3", "seed=4"]
    assert all(len(run.data.metrics) == 100 for run in jobs)
    assert len(recorded_runs) == 9


@pytest.mark.slow
def test_processes_that_open_a_fresh_store_at_once_all_get_it(tmp_path: Path) -> None:
    program = (
        "from avatar.config.schema import Config\nfrom avatar.tracking.runs import job_run\nimport sys\n"
        "with job_run(Config(seed=int(sys.argv[1])), sys.argv[1]) as job:\n"
        "    job.log_metrics({'test/f1': 1.0})\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(seed)], cwd=tmp_path, stderr=subprocess.PIPE)
        for seed in range(1, 5)
    ]
    errors = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, errors
    assert sorted(run.info.run_name for run in runs(tmp_path)) == ["1", "2", "3", "4"]
