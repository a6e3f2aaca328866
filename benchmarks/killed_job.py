"""A tiny job, run in child processes that can be killed. `kill_and_resume.py` uses it.

A child process is forked, because it then has all libraries in memory: a start takes milliseconds. It says through a
pipe what it does next.
"""

import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from avatar.app import run
from avatar.config import register_schema
from avatar.pipeline import run_job, stage_05_latency, stage_09_search
from avatar.pipeline.artifacts import ArtifactStore

CONF = Path(__file__).resolve().parent.parent / "conf"
VERBS = ("add", "scale", "count", "merge", "split", "clean")
TIMED_SECONDS = 0.1
"""Seconds for timing architectures, which are 12 in a real job. No result depends on the times."""

OVERRIDES = (
    "tracking.experiment=killed",
    "dataset=pairs",
    "dataset.language=python",
    "teacher=minilm",
    "teacher.encoder_layers=1",
    "teacher.max_length=24",
    "teacher.epochs=2",
    "search_space.genes.vocab_size.low=60",
    "search_space.genes.vocab_size.high=100",
    "search_space.genes.vocab_size.step=20",
    "search_space.genes.hidden_size.low=8",
    "search_space.genes.hidden_size.high=24",
    "search_space.genes.max_length.choices=[32,64]",
    "search_space.genes.embedding_size.choices=[0]",
    "search_space.genes.tokenizer.choices=[word]",
    "surrogate.candidates=3",
    "surrogate.epochs=2",
    "surrogate.folds=2",
    "surrogate.repeats=1",
    "surrogate.minimum=3",
    "search.objectives=[accuracy,size]",  # the times of two runs differ, so the student must not depend on them
    "search.budget_ms=null",
    "search.evaluations=24",
    "search.population=6",
    "distill.epochs=3",
    "distill.copies=1",
    "measure.warmup=1",
    "measure.examples=4",
    "measure.teacher_examples=2",
    "measure.energy=false",
    "measure.robustness_examples=10",
    "trainer.progress=none",
    "artifacts.folder=artifacts",
    "output_dir=out",
)


@dataclass(frozen=True)
class Step:
    """Something that the job began: a stage that is made, "store" or "report". `at` is in seconds from the start."""

    name: str
    at: float


@dataclass(frozen=True)
class Ended:
    """How a child process ended: its exit status (negative for a signal), its steps, and its seconds."""

    status: int
    steps: tuple[Step, ...]
    seconds: float


def write_data(folder: Path, pairs: int = 40) -> Path:
    """Pairs of tiny functions, which are clones if they call the same function."""
    import json

    folder.mkdir(parents=True)
    random = np.random.default_rng(0)

    def function(verb: str) -> str:
        name = "".join(random.choice(list("abcdefgh"), 4))
        return f"def {verb}_{name}(values, {name}):\n    result = {verb}(values, {name})\n    return result\n"

    for split, count in (("train_labeled", pairs), ("train_unlabeled", 2 * pairs), ("valid", pairs), ("test", pairs)):
        rows = []
        for number in range(count):
            first, second = random.choice(VERBS, 2, replace=False)
            label = number % 2
            rows.append({"code1": function(first), "code2": function(first if label else second), "label": label})
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def composed(data: Path) -> DictConfig:
    """The configuration of the job. Its relative paths are below the working directory of a child."""
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [*OVERRIDES, f"dataset.root={data}"])


def child(config: DictConfig, folder: Path, kill: tuple[int, float] | None = None) -> Ended:
    """Run the job in `folder`, in a child process. `kill` (step, seconds) ends it so long after its step has begun."""
    folder.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _in_child(config, folder, writer)
    os.close(writer)
    steps = []
    with os.fdopen(reader) as lines:
        for line in lines:
            steps.append(Step(line.strip(), time.monotonic() - start))
            if kill is not None and len(steps) == kill[0] + 1:
                time.sleep(kill[1])
                with suppress(ProcessLookupError):
                    os.kill(process, 9)
    _, status = os.waitpid(process, 0)
    return Ended(os.waitstatus_to_exitcode(status), tuple(steps), time.monotonic() - start)


def _in_child(config: DictConfig, folder: Path, pipe: int) -> None:
    status = 1
    try:
        os.chdir(folder)
        output = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with _announced(pipe):
            run(config)
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        Path("modules.txt").write_text("\n".join(list(sys.modules)))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@contextmanager
def _announced(pipe: int) -> Iterator[None]:
    """Write each step into the pipe before it begins."""
    stage_05_latency.SECONDS = stage_09_search.TIMING_SECONDS = TIMED_SECONDS
    make, finish = ArtifactStore.make, run_job.stage_14_report.write

    def announce(name: str) -> None:
        os.write(pipe, f"{name}\n".encode())

    def announced_make(self, stage, inputs, settings):  # type: ignore[no-untyped-def]
        announce(stage.name)
        return make(self, stage, inputs, settings)

    def announced_report(*arguments):  # type: ignore[no-untyped-def]
        announce("report")
        return finish(*arguments)

    ArtifactStore.make = announced_make  # type: ignore[method-assign]
    run_job.stage_14_report.write = announced_report
    announce("store")
    yield


def preload(folder: Path) -> None:
    """Import what the job in `folder` imported, so that the next children start at once."""
    torch.set_num_threads(1)
    for name in (folder / "modules.txt").read_text().splitlines():
        if name not in sys.modules and not name.startswith(("_", "__main__")):
            with suppress(Exception):
                importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError(f"a library has started threads, so children cannot be forked: {threading.enumerate()}")
