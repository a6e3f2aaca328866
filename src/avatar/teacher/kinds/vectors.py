"""Teachers of which only recorded vectors of the training functions are known."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest
from avatar.common.paths import user_path
from avatar.config.schema import TeacherConfig
from avatar.data.records import Corpus, SplitName, Task
from avatar.teacher.kinds.base import TEACHERS, Lesson, Training, save_vectors
from avatar.teacher.recorded_array import read_array

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel

HINT = "write it with np.save: a float array with one row for each row of the training file, in the same order"


class RecordedVectors:
    """Recorded vectors of any embedding model, one for each row of the training files."""

    note: ClassVar[str] = "Only recorded vectors of the teacher for the training functions are known."
    runs: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = (Task.EMBEDDING,)
    needs_language: ClassVar[bool] = False
    gives_vectors: ClassVar[bool] = True

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """A missing or wrong file name, and settings that need a model."""
        if not cfg.path:
            yield "teacher.path is null; teacher=vectors needs recorded vectors: set teacher.path=FILE.npy"
        elif Path(cfg.path).suffix.lower() != ".npy":
            yield f"teacher.path is '{cfg.path}'; recorded vectors must be a .npy file: {HINT}"
        if cfg.mix:
            yield f"teacher.mix is {cfg.mix}; vectors of several teachers cannot be mixed: set teacher.mix=[]"
        if cfg.timing == "self":
            yield "teacher.timing is 'self'; recorded vectors cannot be timed: set it to codebert or none"

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """The digest of the file."""
        path = user_path(str(cfg.path))
        if not path.is_file():
            raise DataError(f"teacher.path={path}: there is no such file", HINT)
        return {"file": file_digest(path)}

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """False: there is no encoder."""
        return False

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Read the vectors and give each function its own."""
        vectors = function_vectors(user_path(str(lesson.teacher.path)), lesson.corpus)
        save_vectors(folder, vectors)
        return {"width": vectors.shape[1]}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """Raise TypeError: there is no model."""
        raise TypeError("recorded vectors cannot be run")


def function_vectors(path: Path, corpus: Corpus) -> NDArray[np.float32]:
    """Vectors (functions, width) from a file with a row for each row of the training files, the labelled file first.

    Functions without a row have zeros. A file that does not fit is a DataError.
    """
    recorded = read_array(path, "f", HINT, mapped=True)
    rows = corpus.source_rows[SplitName.UNLABELED]
    if recorded.ndim != 2 or not recorded.shape[1]:
        raise DataError(f"{path} has an array of shape {recorded.shape}", HINT)
    if len(recorded) != rows:
        raise DataError(f"{path} has {len(recorded):,} rows, but the training files have {rows:,}", HINT)
    vectors = np.zeros((len(corpus.functions), recorded.shape[1]), dtype=np.float32)
    for split in (SplitName.LABELED, SplitName.UNLABELED):
        with np.errstate(over="ignore"):  # a number that float32 cannot hold becomes infinite, which is refused below
            vectors[corpus.members(split)[:, 0]] = recorded[corpus.rows[split]]
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(broken):
        raise DataError(f"{path}: the vectors of {len(broken):,} functions are not finite", "correct these rows")
    return vectors


TEACHERS.register("vectors")(RecordedVectors())
