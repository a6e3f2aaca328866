"""Kinds of teachers: how each learns or is read, and what of the config decides its answers."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.files import save_array
from avatar.common.hashing import file_digest
from avatar.common.registry import Registry
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.records import Corpus, SplitName

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.model import TeacherModel

DESCRIPTIVE = ("name", "timing", "note")
"""Settings of a teacher that change none of its answers."""


@dataclass(frozen=True)
class Training:
    """How a training runs, as far as it decides the result. `world_size` processes share a step."""

    seed: int
    metric: str
    precision: str
    world_size: int


@dataclass(frozen=True)
class Lesson:
    """All that a teacher may learn from.

    `vectors`, where it is not None, gives what the frozen encoder makes of every function, (functions, hidden).
    """

    corpus: Corpus
    teacher: TeacherConfig
    trainer: TrainerConfig
    training: Training
    vectors: Callable[[], NDArray[np.float32]] | None = None


class TeacherKind(Protocol):
    """A way to have a teacher. Everything heavy is imported inside the methods."""

    note: ClassVar[str]
    """A limit that the report states; "" where there is none."""
    runs: ClassVar[bool]
    """Whether the teacher can be run on new functions: timed, and asked for their vectors."""

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """What is wrong with the settings, each as "key is value; rule"."""
        ...

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """Everything that decides the teacher's answers, beside the data. A missing file is a DataError."""
        ...

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """Whether `Lesson.vectors` are of use."""
        ...

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Write the logits of each split that it answers (`save_answers`), and what `load` needs, into `folder`.

        Returns values for the manifest.
        """
        ...

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """The teacher from the folder of `learn`; only where it `runs`."""
        ...


TEACHERS: Registry[TeacherKind] = Registry("kind of teacher")


def save_answers(folder: Path, split: SplitName, logits: NDArray[np.float32]) -> None:
    """Keep the logits (examples, 2) of a split."""
    save_array(folder / f"{split.value}.npy", logits)


def read_answers(folder: Path, split: SplitName) -> NDArray[np.float32] | None:
    """The logits that `save_answers` kept for `split`; None where the teacher does not answer it."""
    path = folder / f"{split.value}.npy"
    return np.load(path) if path.is_file() else None


class FineTunedEncoder:
    """An encoder with a head that is fine-tuned on the labelled half, and answers the other splits."""

    note: ClassVar[str] = ""
    runs: ClassVar[bool] = True
    answered: ClassVar[Sequence[SplitName]] = (SplitName.UNLABELED, SplitName.VALID, SplitName.TEST)
    """Splits that are answered at once, while the states of the frozen layers are in memory."""

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """Settings that belong to recorded predictions."""
        if cfg.mix:
            yield "teacher.mix names recorded predictions, but the teacher is a model; use teacher=predictions"

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """The settings of the fine-tuning."""
        left_out = (*DESCRIPTIVE, "path", "mix")
        settings = {name: value for name, value in vars(cfg).items() if name not in left_out}
        return {"settings": settings, "training": training, "answered": self.answered}

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """Whether no layer of the encoder learns."""
        return cfg.trainable_layers == 0

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Fine-tune, answer, and keep the weights."""
        from avatar.teacher.store import save_teacher
        from avatar.teacher.train import fine_tune

        training, checkpoints = lesson.training, folder / "checkpoints"
        vectors = lesson.vectors() if lesson.vectors is not None else None
        tuned = fine_tune(
            lesson.corpus, lesson.teacher, lesson.trainer, training.seed, checkpoints, training.metric, vectors
        )
        for split in self.answered:
            save_answers(folder, split, tuned.predict_logits(lesson.corpus.members(split)))
        save_teacher(tuned.model, tuned.tokenizer, folder)
        shutil.rmtree(checkpoints)
        return {"history": tuned.fitted.history, "best_epoch": tuned.fitted.best_epoch}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """The fine-tuned model and its tokenizer."""
        from avatar.teacher.store import read_teacher

        return read_teacher(folder)


class RecordedPredictions:
    """Answers for the unlabelled half that were recorded; nothing else of the teacher is known."""

    note: ClassVar[str] = (
        "The teacher is known by its recorded answers for the unlabelled half alone: it has no score on test."
    )
    runs: ClassVar[bool] = False

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """A missing name of a file, and what only a model can do."""
        if not cfg.path:
            yield "teacher.path is not set; teacher=predictions needs the file of recorded predictions"
        if cfg.timing == "self":
            yield "teacher.timing is 'self', but recorded predictions cannot be timed; set it to codebert or none"

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """Digests of the files."""
        for key, path in zip(("path", *["mix"] * len(cfg.mix)), self.files(cfg), strict=True):
            if not path.is_file():
                raise DataError(
                    f"teacher.{key}={path}: there is no such file",
                    "name a npy, csv, jsonl or parquet file with one row for each example of the unlabelled half",
                )
        return {"files": [file_digest(path) for path in self.files(cfg)]}

    def files(self, cfg: TeacherConfig) -> list[Path]:
        """Files of recorded predictions, those of further teachers behind the first."""
        return [Path(name).expanduser() for name in (str(cfg.path), *cfg.mix)]

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """There is no encoder."""
        return False

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Read the answers; those of several teachers are averaged."""
        from avatar.teacher.predictions import mixed_predictions

        logits = mixed_predictions(self.files(lesson.teacher), lesson.corpus, SplitName.UNLABELED)
        save_answers(folder, SplitName.UNLABELED, logits)
        return {"examples": len(logits)}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """There is nothing to load."""
        raise TypeError("recorded predictions cannot be run")


TEACHERS.register("encoder")(FineTunedEncoder())
TEACHERS.register("predictions")(RecordedPredictions())
