"""Stage 1: read the data set, split it, count overlaps."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.overlaps import Overlaps, count_overlaps
from avatar.data.records import Corpus, SplitName, Task
from avatar.metrics import judging_metrics
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, plain, unkeyed

log = get_logger("dataset")

READ_ANEW = "the data is read at each start, and the key is a digest of all functions, examples and splits"


@dataclass(frozen=True)
class Data:
    """The corpus, its overlaps, and a key that changes with any function, example or split."""

    corpus: Corpus
    overlaps: Overlaps
    key: str

    @cached_property
    def texts(self) -> list[str]:
        """Text of every function, by row."""
        return [function.code for function in self.corpus.functions.values()]

    @property
    def languages(self) -> list[str]:
        """Language of every function, by row; "" if unknown."""
        return self.corpus.all_languages

    def rows(self, splits: Sequence[SplitName]) -> NDArray[np.int64]:
        """Rows of the functions in the examples of `splits`, ascending."""
        return np.unique(np.concatenate([self.corpus.members(split).ravel() for split in splits]))

    @cached_property
    def training_rows(self) -> NDArray[np.int64]:
        """Rows of the functions in any training example, ascending."""
        return self.rows((SplitName.LABELED, SplitName.UNLABELED))


@dataclass(frozen=True)
class Inputs:
    """The data that was read."""

    data: Data


@dataclass(frozen=True)
class Settings:
    """Where the data comes from, and how it is split."""

    dataset: DatasetConfig = unkeyed("dataset", without=("metric", "language"), why=READ_ANEW)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    corpus = inputs.data.corpus
    sizes = {split.value: len(examples) for split, examples in corpus.splits.items()}
    summary = {"functions": len(corpus.functions), "examples": sizes, "overlaps": plain(inputs.data.overlaps)}
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


DATASET = Stage("dataset", 2, "Read and split the data, and count repeated functions", Inputs, Settings, _build)


def run(job: Job) -> Data:
    """Read the corpus of the config. It is read again each time, so a changed file gives a new key."""
    corpus = load_corpus(job.cfg.dataset, job.cfg.seed)
    check_metric(job.cfg.dataset.metric, corpus.task)
    data = Data(corpus, count_overlaps(corpus), fingerprint(corpus))
    for sentence in (*corpus.notes, *data.overlaps.sentences()):
        log.info("data: %s", sentence)
    job.make(DATASET, Inputs(data))
    return data


def check_metric(metric: str, task: Task) -> None:
    """Raise a ConfigError if the metric cannot judge students of the task."""
    allowed = judging_metrics(task)
    if metric not in allowed:
        what = "groups of clones are" if task.grouped else f"the task {task} is"
        raise ConfigError(
            f"dataset.metric is '{metric}'; {what} not judged by it", f"set dataset.metric to {', '.join(allowed)}"
        )


def fingerprint(corpus: Corpus) -> str:
    """Digest of every function with its language, of every example and split, and of every fix."""
    digest = hashlib.sha256(f"{corpus.task}:{corpus.num_labels}".encode())
    for function in corpus.functions.values():
        language = f"\x00{function.language}" if function.language else ""
        digest.update(f"\x00{function.id}\x00{function.code}{language}".encode("utf-8", "surrogatepass"))
    for split in sorted(corpus.splits):
        digest.update(f"\x01{split}".encode())
        digest.update(corpus.members(split).tobytes())
        digest.update(corpus.labels(split).tobytes())
    if corpus.twins != "text":  # which examples have a twin changes the scores without them
        digest.update(f"\x03{corpus.twins}".encode())
    for before, after in corpus.fixes:
        digest.update(f"\x02{before}\x00{after}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
