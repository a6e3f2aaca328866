"""A job of a sweep whose process is killed runs again, and the other jobs are not disturbed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)

CONF = Path(__file__).parents[2] / "conf"

PROGRAM = f"""
import os
import signal
import time
from pathlib import Path
import hydra
from avatar.config import register_schema
register_schema()

DYING, TIMES = (int(os.environ[name]) for name in ("DYING_SEED", "DYING_TIMES"))

def starts(seed):
    path = Path(f"{{seed}}.starts")
    return path.read_text().count(" ") if path.exists() else 0

@hydra.main(version_base="1.3", config_path={str(CONF)!r}, config_name="config")
def main(cfg):
    with Path(f"{{cfg.seed}}.starts").open("a") as file:
        file.write(f"{{os.getpid()}} ")
    if cfg.seed == DYING and starts(cfg.seed) <= TIMES:
        while not starts(1):  # the first job runs
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    while cfg.seed == 1 and starts(DYING) < 2:  # the first job ends after the killed one has started again
        time.sleep(0.01)
    Path(f"{{cfg.seed}}.done").touch()
    if cfg.seed == 5:
        raise ValueError("this one is wrong")

if __name__ == "__main__":
    main()
"""


def sweep(folder: Path, seeds: str, dying: int = 2, times: int = 1) -> "subprocess.CompletedProcess[str]":
    (folder / "program.py").write_text(PROGRAM)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OMP_NUM_THREADS": "1",
        "DYING_SEED": str(dying),
        "DYING_TIMES": str(times),
    }
    overrides = ["-m", f"seed={seeds}", "executor=joblib", "executor.jobs=2", "tracking.enabled=false"]
    command = [sys.executable, "program.py", *overrides, "hydra/job_logging=none"]
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False, timeout=500
    )


def starts(folder: Path) -> dict[str, int]:
    return {path.stem: len(path.read_text().split()) for path in sorted(folder.glob("*.starts"))}


def test_a_killed_job_runs_again_and_the_others_are_not_disturbed(tmp_path: Path) -> None:
    answer = sweep(tmp_path, "1,2,3,4")
    assert answer.returncode == 0, answer.stderr
    assert starts(tmp_path) == {"1": 1, "2": 2, "3": 1, "4": 1}
    assert sorted(path.name for path in tmp_path.glob("*.done")) == [f"{seed}.done" for seed in (1, 2, 3, 4)]


def test_a_job_that_is_always_killed_fails_after_the_others(tmp_path: Path) -> None:
    answer = sweep(tmp_path, "1,2,3", times=100)
    assert answer.returncode != 0
    assert starts(tmp_path) == {"1": 1, "2": 3, "3": 1}
    assert "seed=2" in answer.stderr
    assert "killed 3 times" in answer.stderr


def test_a_job_that_fails_is_not_run_again(tmp_path: Path) -> None:
    answer = sweep(tmp_path, "4,5,6", dying=0)
    assert answer.returncode != 0
    assert starts(tmp_path) == {"4": 1, "5": 1, "6": 1}
    assert "this one is wrong" in answer.stderr
