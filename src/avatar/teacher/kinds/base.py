"""What a kind of teacher must provide, and how its answers are kept."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import save_array
from avatar.common.registry import Registry
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.records import Corpus, SplitName

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel

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
