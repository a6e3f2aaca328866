"""Kinds of teachers: one file each; a file that is put here is found by itself."""

import importlib
import pkgutil

from avatar.teacher.kinds.base import (
    TEACHERS,
    Lesson,
    TeacherKind,
    Training,
    read_answers,
    save_answers,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["TEACHERS", "Lesson", "TeacherKind", "Training", "read_answers", "save_answers"]
