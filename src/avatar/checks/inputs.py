"""Checks that what a job reads exists: the data set's folder and files, the teacher's model or recorded predictions."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from avatar.common.errors import did_you_mean
from avatar.common.regular_files import kind
from avatar.config.problems import Problem, nearest_folder, refused
from avatar.config.schema import Config
from avatar.data.data_location import OFFLINE, candidates
from avatar.data.readers.table_files import split_files
from avatar.student.word_vectors import DEFAULT, read_word_vectors
from avatar.teacher.kinds import TEACHERS
from avatar.teacher.local import local_folder
from avatar.teacher.names import FORMATS


def dataset(cfg: Config) -> Iterator[Problem]:
    """The folders that are set, or the default folder of a data set that the hub does not have, and the files."""
    part = cfg.dataset
    for key, value in (("dataset.root", part.root), ("dataset.source", part.source)):
        if value is not None:
            yield from _folder(key, value)
    if part.root is not None:
        folder = Path(part.root)
    elif part.folder:
        known = [path for path in candidates(part) if path.is_dir()]
        if not known and part.hub is None and not part.files:
            yield (
                f"dataset.root is null; there is no folder {' or '.join(map(str, candidates(part)))}: "
                f"set dataset.root=FOLDER; {OFFLINE}"
            )
            return
        folder = known[0] if known else Path()
    else:
        folder = Path()
    if folder.is_dir() and (part.files or part.columns):  # a set of the user's own tables
        problems = list(refused(lambda: split_files(part, folder)))
        yield from problems
        for split, path in () if problems else split_files(part, folder).items():
            yield from _file(f"dataset.files.{split}", str(path))


def teacher(cfg: Config) -> Iterator[Problem]:
    """The files of what was recorded of a teacher, or the local folder of a model."""
    part = cfg.teacher
    if part.kind in TEACHERS.names() and not TEACHERS.get(part.kind).runs:
        named = [("teacher.path", part.path)] if part.path else []
        for key, value in (*named, *(("teacher.mix", name) for name in part.mix)):
            problems = list(_file(key, value))
            yield from problems
            ending = Path(value).suffix.lstrip(".").lower()
            if not problems and part.kind == "predictions" and ending not in FORMATS.names():
                yield f"{key} is '{value}'; its ending must be a known format; {did_you_mean(ending, FORMATS)}"
    elif not part.model.strip():
        yield "teacher.model is ''; it must be a hub name, a local folder, or a package that carries a model"
    else:
        yield from refused(lambda: local_folder(part.model))
        yield from _package(part.model)


def start(cfg: Config) -> Iterator[Problem]:
    """What the token tables start from: a known name, or the folder of an n-gram student."""
    name, key = cfg.distill.init, "distill.init"
    if name is None or name == DEFAULT:
        return
    path = Path(name)
    if name.strip() and not path.exists():
        is_close = get_close_matches(name, [DEFAULT], n=1)
        hint = f"did you mean '{DEFAULT}'?" if is_close else _similar(path)
        yield f"{key} is '{name}'; it must be {DEFAULT}, null, or the folder of an n-gram student; {hint}"
        return
    problems = list(_folder(key, name))
    yield from problems or refused(lambda: read_word_vectors(name), key)


def surrogate(cfg: Config) -> Iterator[Problem]:
    """The table of recorded trainings."""
    if cfg.surrogate.trainings is not None:
        yield from _file("surrogate.trainings", cfg.surrogate.trainings)


def _package(model: str) -> Iterator[Problem]:
    """A problem for a misspelt name of an installed package. Any other name may be a model on the hub."""
    if model.isidentifier() and "_" in model and find_spec(model) is None:
        close = get_close_matches(model, [module.name for module in iter_modules()], n=1, cutoff=0.85)
        if close:
            yield f"teacher.model is '{model}'; no package of that name is installed; did you mean '{close[0]}'?"


def _folder(key: str, value: str) -> Iterator[Problem]:
    path = Path(value)
    if not value.strip():
        yield f"{key} is ''; it must be a folder, or null"
    elif not path.exists():
        yield f"{key} is '{value}'; there is no such folder; {_similar(path)}"
    elif not path.is_dir():
        yield f"{key} is '{value}'; it is a file, and a folder is needed: did you mean {path.parent}?"
    elif not os.access(path, os.R_OK | os.X_OK):
        yield f"{key} is '{value}'; you have no permission to read it: ask its owner, or choose another folder"


def _file(key: str, value: str) -> Iterator[Problem]:
    path = Path(value)
    if not value.strip():
        yield f"{key} is ''; it must be a file"
    elif path.is_dir():
        yield f"{key} is '{value}'; it is a folder, and a file is needed; it contains {_listed(path)}"
    elif not path.exists():
        yield f"{key} is '{value}'; there is no such file; {_similar(path)}"
    elif not path.is_file():
        yield f"{key} is '{value}'; it is {kind(path.stat().st_mode)}; it must be a regular file"
    elif not os.access(path, os.R_OK):
        yield f"{key} is '{value}'; you have no permission to read it: ask its owner, or choose another file"


def _similar(path: Path) -> str:
    """A hint: the most similar name in the lowest existing folder, or what that folder contains."""
    folder = nearest_folder(path)
    missing = path.absolute().relative_to(folder).parts[0]
    names = _names(folder)
    hint = did_you_mean(missing, names) if names else ""
    if hint.startswith("did you mean") and len(names) <= _MOST_NAMES:
        return f"{hint} in {folder}"
    if hint.startswith("did you mean"):
        return f"{hint.partition('?')[0]}? in {folder}"
    return f"{folder} contains {_listed(folder)}"


_MOST_NAMES = 12


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def _listed(folder: Path) -> str:
    names = _names(folder)
    if not names:
        return "nothing" if os.access(folder, os.R_OK) else "files that you have no permission to read"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


CHECKS = (dataset, teacher, start, surrogate)
