"""Teachers of which nothing but answers is known."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest
from avatar.common.paths import user_path
from avatar.config.schema import TeacherConfig
from avatar.data.records import SplitName
from avatar.teacher.kinds.base import TEACHERS, Lesson, Training, save_answers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel


class RecordedPredictions:
    """Answers for the unlabelled half that were recorded; nothing else of the teacher is known."""

    note: ClassVar[str] = (
        "The teacher is known by its recorded answers for the unlabelled half alone: it has no score on test."
    )
    runs: ClassVar[bool] = False

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """A missing name of a file, and what only a model can do."""
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
                    "name a npy, csv, jsonl or parquet file with one row for each example of the unlabelled half",
                )
        return {"files": [file_digest(path) for path in self.files(cfg)]}

    def files(self, cfg: TeacherConfig) -> list[Path]:
        """Files of recorded predictions, those of further teachers behind the first."""
        return [user_path(name) for name in (str(cfg.path), *cfg.mix)]

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


TEACHERS.register("predictions")(RecordedPredictions())
