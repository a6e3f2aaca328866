"""Kinds of teachers, one file each. Every file in this folder is imported and can register a kind."""

import importlib
import pkgutil

from avatar.teacher.kinds.base import (
    TEACHERS,
    Lesson,
    TeacherKind,
    Training,
    read_answers,
    read_vectors,
    save_answers,
    save_vectors,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "TEACHERS",
    "Lesson",
    "TeacherKind",
    "Training",
    "read_answers",
    "read_vectors",
    "save_answers",
    "save_vectors",
]
