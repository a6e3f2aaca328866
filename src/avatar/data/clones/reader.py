"""Reads `stdlib`: clone pairs made from a folder of Python code, by default Python's own library."""

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
"""Fewest functions that four splits can be made of."""


@READERS.register("stdlib")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Clone pairs of the Python code below `cfg.source`, or of the running interpreter's standard library.

    The same code and seed give the same corpus in every process. A missing folder, or one with fewer
    than `MIN_FUNCTIONS` suitable functions, is a DataError.
    """
    folder = user_path(cfg.source) if cfg.source else Path(sysconfig.get_path("stdlib"))
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {folder} to take Python code from",
            "set dataset.source to a folder of Python code, or leave it out for the standard library",
        )
    found = collect(folder, cfg.max_functions, random.Random(derive_seed(seed, "collect")))
    if len(found.functions) < MIN_FUNCTIONS:
        raise DataError(
            f"{folder} has {len(found.functions)} suitable functions, {MIN_FUNCTIONS} are needed "
            f"({found.files} files read, {found.unreadable} not readable, {found.twins} twins left out)",
            f"a function counts from {MIN_LINES} to {MAX_LINES} lines of code; folders of tests and of "
            "installed packages are not read; dataset.max_functions must allow as many",
        )
    recipe = Recipe(
        pairs_per_function=cfg.pairs_per_function,
        labeled_share=cfg.labeled_share,
        valid_share=cfg.valid_share,
        test_share=cfg.test_share,
    )
    built = build(found.functions, recipe, seed)
    origin = str(folder) if cfg.source else f"the standard library of Python {platform.python_version()}"
    return Corpus(
        name=cfg.name,
        task=Task.PAIR,
        functions=built.functions,
        splits=built.splits,
        notes=_notes(origin, found, built.grades),
        text=TEXT,
        languages=("python",),
    )


def _notes(origin: str, found: Collected, grades: dict[int, int]) -> tuple[str, ...]:
    modules = len({function.group for function in found.functions})
    notes = [
        f"Clone pairs were made of {len(found.functions):,} functions ({MIN_LINES} to {MAX_LINES} lines, "
        f"without docstrings) from {modules:,} modules of {origin}; splits share no module.",
        "Clones are meaning-preserving rewrites: "
        + ", ".join(f"{count:,} of type {grade}" for grade, count in grades.items())
        + "; negatives are other functions of the same split, rewritten alike, mostly similar in words.",
    ]
    if found.twins:
        notes.append(f"{found.twins:,} functions were left out: equal to another up to names and literals.")
    if found.unreadable:
        notes.append(f"{found.unreadable:,} of {found.files:,} files were left out: not UTF-8, or not valid Python.")
    return tuple(notes)
