"""The program refuses wrong names quickly, suggests the most similar name, and writes nothing."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = Path(__file__).parents[2] / "train.py"
SECONDS = 2.0
"""Longest time until the answer beyond start-up, which is what the same program takes for `--cfg job`.

Counted is the time that the program computes, not what it waits for its turn beside others: these names need no answer
from anywhere, so on an idle machine that is the time until the answer.
"""
PATIENCE = 60
"""Seconds after which a program that started to work is killed."""

WRONG = [
    ("search.name=nsga", "search.name", "nsga2"),
    ("search.objectives=[accuracy,latensy]", "search.objectives", "latency"),
    ("search.acquisition=hypervolum", "search.acquisition", "hypervolume"),
    ("surrogate.name=rigde", "surrogate.name", "ridge"),
    ("+search_space.fixed.hiden_act=gelu", "search_space.fixed.hiden_act", "hidden_act"),
    ("search_space.fixed.pooling=maxx", "search_space.fixed.pooling", "max"),
    ("search_space.fixed.head=interacton", "search_space.fixed.head", "interaction"),
    ("search_space.genes.tokenizer={choices: [bpf]}", "search_space.genes.tokenizer", "bpe"),
    ("teacher.head=concatt", "teacher.head", "concat"),
    ("teacher.pooling=means", "teacher.pooling", "mean"),
    ("dataset.name=stdlibb", "dataset.name", "stdlib"),
    ("dataset.metric=acuracy", "dataset.metric", "accuracy"),
    ("executor.name=joblibb", "executor.name", "joblib"),
    ("trainer.strategy=dddp", "trainer.strategy", "ddp"),
    ("trainer.accelerator=cuda", "trainer.accelerator", "gpu"),
    ("tracking.uri=sqllite:///runs.db", "tracking.uri", "sqlite"),
]


def run(*arguments: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run the program in an empty folder; also returns its CPU time in seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, str(TRAIN), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@pytest.fixture(scope="module")
def startup(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of `--cfg job`: Python, Hydra and the composed configuration, and no check."""
    done, seconds = run("--cfg", "job", folder=tmp_path_factory.mktemp("startup"))
    assert done.returncode == 0, done.stderr
    return seconds


@pytest.mark.parametrize(("override", "key", "suggestion"), WRONG)
def test_a_wrong_name_is_answered_at_once(
    override: str, key: str, suggestion: str, startup: float, tmp_path: Path
) -> None:
    done, seconds = run(override, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert key in done.stderr
    assert f"did you mean '{suggestion}'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing may be written before the names are right"
    assert seconds <= startup + SECONDS


def test_all_wrong_names_come_in_one_answer(tmp_path: Path) -> None:
    done, _ = run(*(override for override, _, _ in WRONG), folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"{len(WRONG)} problems" in done.stderr
    for _, key, suggestion in WRONG:
        assert key in done.stderr
        assert f"did you mean '{suggestion}'?" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_checked_value_by_value_before_its_first_job(tmp_path: Path) -> None:
    done, _ = run("-m", "seed=1,2", "search.name=nsga2,randm", folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "search.name is 'randm'" in done.stderr
    assert "did you mean 'random'?" in done.stderr
    assert list(tmp_path.iterdir()) == []
