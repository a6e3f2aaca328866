"""Reader `stdlib`: clone pairs made from a folder of Python code, by default Python's standard library."""

import platform
import random
import sysconfig
from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.paths import user_path
from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.clones.build import Recipe, build
from avatar.data.clones.collect import MAX_LINES, MIN_LINES, TEXT, Collected, collect
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Task

MIN_FUNCTIONS = 40
"""Fewest functions for four splits."""


@READERS.register("stdlib")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Clone pairs of the Python code below `cfg.source`, or of the running interpreter's standard library.

    The same code and seed give the same corpus. A missing folder, or fewer than `MIN_FUNCTIONS` suitable functions,
    is a DataError.
    """
    folder = user_path(cfg.source) if cfg.source else Path(sysconfig.get_path("stdlib"))
    if not folder.is_dir():
        raise DataError(
            f"dataset.source: there is no folder {folder}",
            "set dataset.source to a folder of Python code, or remove it to use the standard library",
        )
    collected = collect(folder, cfg.max_functions, random.Random(derive_seed(seed, "collect")))
    if len(collected.functions) < MIN_FUNCTIONS:
        raise DataError(
            f"{folder} has {len(collected.functions)} suitable functions; at least {MIN_FUNCTIONS} are needed "
            f"({collected.files} files read, {collected.unreadable} of them unreadable, "
            f"{collected.duplicates} duplicate functions skipped)",
            f"choose a folder with more functions of {MIN_LINES} to {MAX_LINES} lines of code; folders of tests and of "
            f"installed packages are not read; dataset.max_functions must be at least {MIN_FUNCTIONS}",
        )
    recipe = Recipe(
        pairs_per_function=cfg.pairs_per_function,
        labeled_share=cfg.labeled_share,
        valid_share=cfg.valid_share,
        test_share=cfg.test_share,
    )
    built = build(collected.functions, recipe, seed)
    origin = str(folder) if cfg.source else f"the standard library of Python {platform.python_version()}"
    return Corpus(
        name=cfg.name,
        task=Task.PAIR,
        functions=built.functions,
        splits=built.splits,
        notes=_notes(origin, collected, built.grades),
        text=TEXT,
        languages=("python",),
    )


def _notes(origin: str, collected: Collected, grades: dict[int, int]) -> tuple[str, ...]:
    modules = len({function.group for function in collected.functions})
    notes = [
        f"Clone pairs were made of {len(collected.functions):,} functions ({MIN_LINES} to {MAX_LINES} lines, "
        f"without docstrings) from {modules:,} modules of {origin}; splits share no module.",
        "Clones are rewritten functions with the same meaning: "
        + ", ".join(f"{count:,} of type {grade}" for grade, count in grades.items())
        + " (1: other layout, 2: also other names and literals, 3: also other statements).",
        "The other pairs are two different functions of one split, also rewritten; most of them use similar words.",
    ]
    if collected.duplicates:
        notes.append(
            f"{collected.duplicates:,} functions were skipped: they differ from another only in names and literals."
        )
    if collected.unreadable:
        notes.append(
            f"{collected.unreadable:,} of {collected.files:,} files were skipped: not UTF-8, or not valid Python."
        )
    return tuple(notes)
