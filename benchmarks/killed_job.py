"""A tiny job, run in child processes that can be killed. `kill_and_resume.py` uses it.

A child process is forked, because it then has all libraries in memory: a start takes milliseconds. It says through a
pipe what it does next.
"""

import gc
import importlib
import json
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
from mlflow.utils import requirements_utils
from omegaconf import DictConfig
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from tqdm import tqdm
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from avatar.app import run
from avatar.config import register_schema
from avatar.data import kept_vectors
from avatar.pipeline import run_job, stage_05_latency, stage_09_search
from avatar.pipeline.artifacts import ArtifactStore

tqdm.monitor_interval = 0  # otherwise a thread is started, and a process with threads cannot be forked

CONF = Path(__file__).resolve().parent.parent / "conf"
VERBS = ("add", "scale", "count", "merge", "split", "clean")
TIMED_SECONDS, TIMED = 0.1, 12
"""Seconds for timing architectures, and their number; 12 and 24 in a real job. No result depends on the times."""

OVERRIDES = (
    "tracking.experiment=killed",
    "dataset=pairs",
    "dataset.language=python",
    "teacher=minilm",
    "teacher.encoder_layers=null",
    "teacher.max_length=24",
    "teacher.epochs=1",
    "teacher.batch_size=16",
    "teacher.timing=none",
    "search_space.genes.vocab_size.low=60",
    "search_space.genes.vocab_size.high=100",
    "search_space.genes.vocab_size.step=20",
    "search_space.genes.hidden_size.low=8",
    "search_space.genes.hidden_size.high=24",
    "search_space.genes.max_length.choices=[32,64]",
    "search_space.genes.embedding_size.choices=[0]",
    "search_space.genes.tokenizer.choices=[word]",
    "surrogate=ridge",
    "surrogate.candidates=3",
    "surrogate.share=0.5",
    "surrogate.epochs=1",
    "surrogate.folds=2",
    "surrogate.repeats=1",
    "surrogate.minimum=3",
    "search.objectives=[accuracy,size]",  # the times of two runs differ, so the student must not depend on them
    "search.budget_ms=null",
    "search.evaluations=24",
    "search.population=6",
    "distill.epochs=2",
    "distill.copies=1",
    "measure.warmup=1",
    "measure.examples=4",
    "measure.teacher_examples=2",
    "measure.energy=false",
    "measure.thop=false",
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
    """How a child process ended: exit status (negative for a signal), steps, seconds, and seconds of the processor."""

    status: int
    steps: tuple[Step, ...]
    seconds: float
    cpu: float


def write_data(folder: Path, pairs: int = 40) -> Path:
    """Pairs of tiny functions, which are clones if they call the same function."""
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


def write_teacher(folder: Path) -> Path:
    """A tiny BERT with random weights: to load it takes milliseconds."""
    letters = "abcdefghijklmnopqrstuvwxyz(),:=_"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **shape)).save_pretrained(folder)
    return folder


def composed(data: Path, teacher: Path) -> DictConfig:
    """The configuration of the job. Its relative paths are below the working directory of a child."""
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [*OVERRIDES, f"dataset.root={data}", f"teacher.model={teacher}"])


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
    _, status, usage = os.wait4(process, 0)
    cpu = usage.ru_utime + usage.ru_stime
    return Ended(os.waitstatus_to_exitcode(status), tuple(steps), time.monotonic() - start, cpu)


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
    stage_05_latency.SAMPLES = TIMED
    kept_vectors.SHARD_BATCHES = 1
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
    requirements_utils._init_modules_to_packages_map()  # MLflow reads the list of installed packages once a process
    gc.freeze()
    if threading.active_count() > 1:
        raise RuntimeError(f"a library has started threads, so children cannot be forked: {threading.enumerate()}")
