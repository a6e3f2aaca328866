"""Stage 2: the teacher. An encoder is fine-tuned on the labelled half; recorded predictions need only their file."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.files import writing
from avatar.common.hashing import file_digest
from avatar.common.paths import user_path
from avatar.config.schema import TeacherConfig
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.variants import function_rows
from avatar.teacher.store import save_teacher
from avatar.teacher.train import fine_tune, frozen_vectors, only_head_learns

VECTORS = "vectors.npy"
ANSWERED = (SplitName.UNLABELED, SplitName.VALID, SplitName.TEST)
"""Splits that a fine-tuned teacher answers at once, while the states of its frozen layers are in memory."""


@dataclass(frozen=True)
class Teacher:
    """Which teacher it is. `artifact` holds the weights of a fine-tuned one; a recorded one has none."""

    key: str
    artifact: Artifact | None


def run(context: Context, data: Data) -> Teacher:
    """Fine-tune the encoder, or identify the file of recorded predictions."""
    cfg = context.cfg
    if cfg.teacher.kind == "predictions":
        paths = recorded_files(cfg.teacher)
        for key, path in zip(("path", *["mix"] * len(cfg.teacher.mix)), paths, strict=True):
            if not path.is_file():
                raise DataError(
                    f"teacher.{key}={path}: there is no such file",
                    "name a npy, csv, jsonl or parquet file with one row for each example of the unlabelled half",
                )
        return Teacher("-".join(file_digest(path)[:16] for path in paths), None)

    def build(folder: Path) -> dict[str, Any]:
        vectors = frozen_vectors_of(context, data) if only_head_learns(cfg.teacher) else None
        checkpoints = folder / "checkpoints"
        tuned = fine_tune(data.corpus, cfg.teacher, cfg.trainer, cfg.seed, checkpoints, cfg.dataset.metric, vectors)
        for split in ANSWERED:
            logits = tuned.predict_logits(data.corpus.members(split))
            with writing(folder / logits_file(split)) as temporary, temporary.open("wb") as stream:
                np.save(stream, logits)
        save_teacher(tuned.model, tuned.tokenizer, folder)
        shutil.rmtree(checkpoints)
        return {"history": tuned.fitted.history, "best_epoch": tuned.fitted.best_epoch}

    reads = {
        "data": data.key,
        "teacher": learning_part(cfg.teacher),
        "seed": cfg.seed,
        "precision": cfg.trainer.precision,
        "metric": cfg.dataset.metric,
        "answered": ANSWERED,
    }
    artifact = context.store.make("teacher", reads, build)
    return Teacher(artifact.key, artifact)


def recorded_files(cfg: TeacherConfig) -> list[Path]:
    """Files of recorded predictions, those of further teachers behind the first."""
    return [user_path(name) for name in (str(cfg.path), *cfg.mix)]


def frozen_vectors_of(context: Context, data: Data) -> NDArray[np.float32]:
    """What the frozen encoder makes of every function in an example, (functions, hidden); 0 for others.

    It is one artifact for all seeds and halves.
    """
    cfg, corpus = context.cfg.teacher, data.corpus
    codes = [function.code for function in corpus.functions.values()]
    rows = function_rows(data, tuple(corpus.splits))
    texts = sorted({codes[row] for row in rows})

    def build(folder: Path) -> dict[str, Any]:
        made = frozen_vectors(texts, cfg, context.cfg.trainer)
        with writing(folder / VECTORS) as temporary, temporary.open("wb") as stream:
            np.save(stream, made)
        return {"functions": len(texts), "hidden": made.shape[1]}

    digest = hashlib.sha256("\x00".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    reads = {
        "texts": digest,
        "model": cfg.model,
        "encoder_layers": cfg.encoder_layers,
        "max_length": cfg.max_length,
        "pooling": cfg.pooling,
    }
    made = np.load(context.store.make("vectors", reads, build).folder / VECTORS, mmap_mode="r")
    place = {text: row for row, text in enumerate(texts)}
    vectors = np.zeros((len(codes), made.shape[1]), dtype=np.float32)
    vectors[rows] = made[[place[codes[row]] for row in rows]]
    return vectors


def logits_file(split: SplitName) -> str:
    """Name of the file with a teacher's logits (examples, 2) for a split."""
    return f"{split}.npy"


def learning_part(cfg: TeacherConfig) -> dict[str, Any]:
    """What of the config makes a difference to the teacher's weights."""
    return {name: value for name, value in vars(cfg).items() if name not in ("name", "timing", "note", "path", "mix")}
