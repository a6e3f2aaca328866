"""Checks that the folders that a job writes to are writable, and that their disks have enough free space."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from avatar.config.problems import Problem, nearest_folder
from avatar.config.schema import Config

STUDENTS_MB = 200
"""Size of the artifacts without a large model: vectors, labels, candidates, students, their checkpoints."""
TEACHER_MB = 2000
"""Additional size for a fine-tuned encoder: its weights, and two checkpoints with the optimiser's state."""
RUN_MB = 50
"""Size of the report, the figures and the bundle of one run, with their copies in the tracking store."""


def folders(cfg: Config) -> Iterator[Problem]:
    """The folders of artifacts, of this run's output and of the tracking store's files."""
    frozen = cfg.teacher.kind == "predictions" or cfg.teacher.trainable_layers == 0
    yield from _writable("artifacts.folder", cfg.artifacts.folder, STUDENTS_MB if frozen else STUDENTS_MB + TEACHER_MB)
    yield from _writable("output_dir", cfg.output_dir, RUN_MB, "hydra.run.dir")
    if cfg.tracking.enabled:
        yield from _writable("tracking.artifacts", cfg.tracking.artifacts, RUN_MB)


def _writable(key: str, value: str, megabytes: int, set_by: str | None = None) -> Iterator[Problem]:
    """Problems where the folder cannot be made or written to, or where its disk has less free space."""
    another = f"choose another folder with {set_by or key}=FOLDER"
    if not value.strip():
        yield f"{key} is ''; it must be a folder: {another}"
        return
    nearest = nearest_folder(Path(value))
    if not nearest.is_dir():
        yield f"{key} is '{value}'; {nearest} is a file, and a folder is needed: {another}"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield f"{key} is '{value}'; you have no permission to write into {nearest}: {another}"
    else:
        free = shutil.disk_usage(nearest).free // 1_000_000
        if free < megabytes:
            yield (
                f"{key} is '{value}'; it needs {megabytes:,} MB, and {free:,} MB are free on that disk: "
                f"free some space, or {another}"
            )


CHECKS = (folders,)
