"""Teachers of which only recorded predictions are known."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest
from avatar.common.paths import user_path
from avatar.config.schema import TeacherConfig
from avatar.data.records import SplitName, Task
from avatar.teacher.kinds.base import TEACHERS, Lesson, Training, save_answers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel


class RecordedPredictions:
    """Recorded predictions for the unlabelled half; nothing else of the teacher is known."""

    note: ClassVar[str] = (
        "Only recorded predictions of the teacher for the unlabelled half are known, so it has no score on test."
    )
    runs: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = (Task.FUNCTION, Task.PAIR)
    needs_language: ClassVar[bool] = False
    gives_vectors: ClassVar[bool] = False

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """A missing file name, and settings that need a model."""
        if not cfg.path:
            yield "teacher.path is null; teacher=predictions needs recorded predictions: set teacher.path=FILE"
        if cfg.timing == "self":
            yield "teacher.timing is 'self'; recorded predictions cannot be timed: set it to codebert or none"

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """Digests of the files."""
        for key, path in zip(("path", *["mix"] * len(cfg.mix)), self.files(cfg), strict=True):
            if not path.is_file():
                raise DataError(
                    f"teacher.{key}={path}: there is no such file",
                    "name a npy, csv, jsonl, parquet or txt file with one row for each example of the unlabelled half",
                )
        return {"files": [file_digest(path) for path in self.files(cfg)]}

    def files(self, cfg: TeacherConfig) -> list[Path]:
        """Files of recorded predictions: `teacher.path`, then those of `teacher.mix`."""
        return [user_path(name) for name in (str(cfg.path), *cfg.mix)]

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """False: there is no encoder."""
        return False

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Read the predictions; the log-probabilities of several teachers are averaged."""
        from avatar.teacher.predictions import mixed_predictions

        logits = mixed_predictions(self.files(lesson.teacher), lesson.corpus, SplitName.UNLABELED)
        save_answers(folder, SplitName.UNLABELED, logits)
        return {"examples": len(logits)}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """Raise TypeError: there is no model."""
        raise TypeError("recorded predictions cannot be run")


TEACHERS.register("predictions")(RecordedPredictions())
