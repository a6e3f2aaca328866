"""No teacher: the student learns from groups of clones alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from avatar.config.schema import TeacherConfig
from avatar.data.records import Task
from avatar.teacher.kinds.base import TEACHERS, Lesson, Training

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel


class NoTeacher:
    """Teaches nothing, so it is only allowed for groups of clones."""

    note: ClassVar[str] = "There is no teacher: the student learned from groups of clones alone."
    runs: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = (Task.EMBEDDING,)
    needs_language: ClassVar[bool] = False
    gives_vectors: ClassVar[bool] = False

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """Settings that need a teacher."""
        if cfg.timing == "self":
            yield "teacher.timing is 'self'; there is no teacher to time: set it to codebert or none"
        if cfg.path or cfg.mix:
            yield f"teacher.path is {cfg.path} and teacher.mix is {cfg.mix}; without a teacher there are no files"

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """False: there is no encoder."""
        return False

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Write nothing."""
        return {}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """Raise TypeError: there is no model."""
        raise TypeError("without a teacher there is nothing to run")


TEACHERS.register("none")(NoTeacher())
