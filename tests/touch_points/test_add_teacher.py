"""A kind of teacher is one new file, and one line that registers it."""

from pathlib import Path

from conftest import Scratch

PROJECT = Path(__file__).parents[2]

FILE = '''"""A teacher that answers 1 if two functions have the same first word."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from avatar.config.schema import TeacherConfig
from avatar.data.records import SplitName, Task
from avatar.teacher.kinds import TEACHERS, Lesson, Training, save_answers


class FirstWord:
    """It needs no training."""

    note: ClassVar[str] = "The teacher is a rule."
    runs: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = (Task.PAIR,)
    needs_language: ClassVar[bool] = False
    gives_vectors: ClassVar[bool] = False

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        return iter(())

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        return {"rule": 1}

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        return False

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        codes = [function.code.split("_")[0] for function in lesson.corpus.functions.values()]
        for split in (SplitName.UNLABELED, SplitName.VALID, SplitName.TEST):
            same = np.array([codes[first] == codes[second] for first, second in lesson.corpus.members(split)])
            save_answers(folder, split, np.stack([~same, same], axis=1).astype(np.float32) * 4)
        return {}

    def load(self, folder: Path) -> Any:
        raise TypeError("a rule cannot be run")


TEACHERS.register("first_word")(FirstWord())
'''

JOB = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from jobs import small_job, write_pairs
from avatar.config.schema import TeacherConfig
from avatar.pipeline.run_job import run_job
from avatar.tracking.runs import Run

folder = Path("job")
teacher = TeacherConfig(name="rule", kind="first_word", timing="none")
outcome = run_job(small_job(write_pairs(folder / "data"), folder, teacher=teacher), Run())
print("The teacher is a rule." in outcome.report.read_text(), outcome.metrics["teacher_test/accuracy"])
"""


def test_a_kind_of_teacher_is_one_file(scratch: Scratch) -> None:
    scratch.write("src/avatar/teacher/kinds/first_word.py", FILE)
    answer = scratch.run("-c", JOB.format(tests=str(PROJECT / "tests" / "pipeline")))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "True 1.0"
