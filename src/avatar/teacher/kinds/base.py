"""The interface of a kind of teacher, and how its logits (answers) are saved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import save_array
from avatar.common.registry import Registry
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.records import Corpus, SplitName, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel

VECTORS = "function_vectors.npy"
DESCRIPTIVE = ("name", "timing", "note")
"""Settings of a teacher that do not change its logits."""


@dataclass(frozen=True)
class Training:
    """Settings of a training that change its result. `world_size` is the number of processes."""

    seed: int
    metric: str
    precision: str
    world_size: int


@dataclass(frozen=True)
class Lesson:
    """The input of a teacher's training.

    `vectors`, if not None, returns the frozen encoder's vector of every function, (functions, hidden).
    """

    corpus: Corpus
    teacher: TeacherConfig
    trainer: TrainerConfig
    training: Training
    vectors: Callable[[], NDArray[np.float32]] | None = None


class TeacherKind(Protocol):
    """A kind of teacher. Its methods import large libraries only when they are called."""

    note: ClassVar[str]
    """A limitation that the report mentions; "" if there is none."""
    runs: ClassVar[bool]
    """Whether the teacher can run on new functions, so that it can be timed and gives vectors."""
    tasks: ClassVar[tuple[Task, ...]]
    """The tasks that it can teach."""
    needs_language: ClassVar[bool]
    """Whether it must know the programming language of the functions."""
    gives_vectors: ClassVar[bool]
    """Whether it gives a vector of a function, from which a student can learn (`distill.relations`)."""

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """The problems of the settings, each as "key is value; rule"."""
        ...

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """Everything except the data that the teacher's logits depend on. A missing file is a DataError."""
        ...

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """Whether only the head is trained, so that `Lesson.vectors` can be used."""
        ...

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Write logits of one or more splits (`save_answers`), and the files that `load` needs, into `folder`.

        For groups of clones there are no logits. A teacher that does not run writes its vectors (`save_vectors`).
        Returns values for the manifest.
        """
        ...

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """The teacher from the folder of `learn`; only if it `runs`."""
        ...


TEACHERS: Registry[TeacherKind] = Registry("kind of teacher")


def save_answers(folder: Path, split: SplitName, logits: NDArray[np.float32]) -> None:
    """Save the logits (examples, 2) of a split."""
    save_array(folder / f"{split.value}.npy", logits)


def save_vectors(folder: Path, vectors: NDArray[np.float32]) -> None:
    """Save the vectors (functions, width) of a corpus's functions; those without a vector have zeros."""
    save_array(folder / VECTORS, vectors)


def read_vectors(folder: Path) -> NDArray[np.float32] | None:
    """The vectors that `save_vectors` saved, or None if there are none."""
    path = folder / VECTORS
    return np.load(path) if path.is_file() else None


def read_answers(folder: Path, split: SplitName) -> NDArray[np.float32] | None:
    """The logits (examples, 2) that `save_answers` saved for `split`, or None if there are none."""
    path = folder / f"{split.value}.npy"
    return np.load(path) if path.is_file() else None
