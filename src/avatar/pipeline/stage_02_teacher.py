"""Stage 2: the teacher, and its logits for every split that it can label."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.common.files import save_array
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.kept_vectors import SHARDS
from avatar.pipeline.artifacts import Artifact, Pending
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import trainer_field, world_size_of
from avatar.pipeline.stage import Stage, setting, unkeyed
from avatar.pipeline.stage_01_dataset import Data
from avatar.teacher.kinds import TEACHERS, Lesson, TeacherKind, Training, read_vectors

VECTORS = "vectors.npy"


@dataclass(frozen=True)
class Texts:
    """Distinct texts of functions with their languages, sorted; a language is "" if the teacher needs none."""

    texts: tuple[str, ...]
    languages: tuple[str, ...]

    @cached_property
    def key(self) -> str:
        """Digest of all texts, and of the languages if there are any."""
        parts = self.texts + self.languages if any(self.languages) else self.texts
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class VectorInputs:
    """The functions to encode."""

    texts: Texts


@dataclass(frozen=True)
class VectorSettings:
    """The settings that change the vectors of a frozen encoder. The vectors are the same for all seeds and halves."""

    model: str = setting("teacher.model")
    encoder_layers: int | None = setting("teacher.encoder_layers")
    max_length: int = setting("teacher.max_length")
    data_flow_length: int = setting("teacher.data_flow_length")
    pooling: str = setting("teacher.pooling")
    teacher: TeacherConfig = unkeyed(
        "teacher", why="the head is trained later, and its settings do not change the vectors of the encoder"
    )
    trainer: TrainerConfig = trainer_field()


def _build_vectors(inputs: VectorInputs, settings: VectorSettings, folder: Path) -> dict[str, Any]:
    from avatar.teacher.fine_tuning import frozen_vectors

    vectors = frozen_vectors(
        inputs.texts.texts, inputs.texts.languages, settings.teacher, settings.trainer, keep=folder / SHARDS
    )
    save_array(folder / VECTORS, vectors)
    shutil.rmtree(folder / SHARDS, ignore_errors=True)
    return {"functions": len(vectors), "hidden": vectors.shape[1]}


FROZEN_VECTORS = Stage(
    "vectors",
    1,
    "Compute a vector of every function with the teacher's frozen (not trained) encoder",
    VectorInputs,
    VectorSettings,
    _build_vectors,
)


@dataclass(frozen=True)
class FrozenVectors:
    """The frozen encoder's vectors of every function in an example, computed when they are needed."""

    data: Data
    texts: Texts
    pending: Pending

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.pending.key

    def get(self) -> NDArray[np.float32]:
        """Vectors (functions, hidden); 0 for functions that are in no example."""
        encoded = np.load(self.pending.get().folder / VECTORS, mmap_mode="r")
        index = {pair: row for row, pair in enumerate(zip(self.texts.texts, self.texts.languages, strict=True))}
        codes, rows = self.data.texts, self.data.rows(tuple(self.data.corpus.splits))
        languages = self.data.languages if any(self.texts.languages) else [""] * len(codes)
        vectors = np.zeros((len(codes), encoded.shape[1]), dtype=np.float32)
        vectors[rows] = encoded[[index[codes[row], languages[row]] for row in rows]]
        return vectors


@dataclass(frozen=True)
class Inputs:
    """The data, and the vectors of a frozen encoder if it is not trained."""

    data: Data
    frozen: FrozenVectors | None


def _identity(
    teacher: TeacherConfig, seed: int, metric: str, precision: str, devices: int, accelerator: str
) -> Mapping[str, Any]:
    training = Training(seed, metric, precision, world_size_of(devices, accelerator))
    return TEACHERS.get(teacher.kind).identity(teacher, training)


COUNTED = "only the settings that change the predictions of this kind of teacher are in the key"


@dataclass(frozen=True)
class Settings:
    """`identity` holds all settings that change the teacher's answers; its kind defines them. The others build it."""

    identity: Mapping[str, Any] = setting(
        "teacher",
        "seed",
        "dataset.metric",
        "trainer.precision",
        "trainer.devices",
        "trainer.accelerator",
        via=_identity,
    )
    teacher: TeacherConfig = unkeyed("teacher", why=COUNTED)
    trainer: TrainerConfig = trainer_field()
    training: Training = unkeyed(
        "seed",
        "dataset.metric",
        "trainer.precision",
        "trainer.devices",
        "trainer.accelerator",
        why=COUNTED,
        via=lambda seed, metric, precision, *device: Training(seed, metric, precision, world_size_of(*device)),
    )


def _build(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
    lesson = Lesson(
        inputs.data.corpus,
        settings.teacher,
        settings.trainer,
        settings.training,
        inputs.frozen.get if inputs.frozen is not None else None,
    )
    return TEACHERS.get(settings.teacher.kind).learn(lesson, folder)


TEACHER = Stage("teacher", 1, "Fine-tune the teacher, or read what was recorded of it", Inputs, Settings, _build)


@dataclass(frozen=True)
class Teacher:
    """A trained teacher. `artifact` holds its logits, and the files from which `kind` loads it."""

    kind: TeacherKind
    artifact: Artifact
    frozen: FrozenVectors | None

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.artifact.key

    def recorded(self) -> NDArray[np.float32] | None:
        """Recorded vectors (functions, width), 0 for functions without one; None if there are none."""
        return read_vectors(self.artifact.folder)


def run(job: Job, data: Data) -> Teacher:
    """Train the teacher, or read its recorded answers or vectors. The encoder is not trained for groups of clones."""
    cfg, task = job.cfg.teacher, data.corpus.task
    kind = TEACHERS.get(cfg.kind)
    if task not in kind.tasks:
        others = [name for name in TEACHERS if task in TEACHERS.get(name).tasks]
        raise ConfigError(
            f"teacher.kind is '{cfg.kind}'; it cannot teach the task {task} of dataset={data.corpus.name}",
            f"choose a teacher of one of these kinds: {', '.join(others)}",
        )
    frozen = None
    if kind.only_head_learns(cfg) or (task.grouped and kind.runs):
        languages = data.languages if kind.needs_language else [""] * len(data.texts)
        distinct = sorted({(data.texts[row], languages[row]) for row in data.rows(tuple(data.corpus.splits))})
        texts = Texts(tuple(text for text, _ in distinct), tuple(language for _, language in distinct))
        frozen = FrozenVectors(data, texts, job.pending(FROZEN_VECTORS, VectorInputs(texts)))
    return Teacher(kind, job.make(TEACHER, Inputs(data, frozen)), frozen)
