"""Where an encoder's files are without asking the hub: in a folder, or in an installed Python package."""

from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.paths import user_path
from avatar.teacher.packaged import package_folder

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Names of weight files, the preferred first. Transformers reads .bin files without unpickling objects."""


def local_folder(model: str) -> Path | None:
    """The folder that `model` names, None where it is no path; a path without a model in it is a DataError."""
    folder = user_path(model)
    if is_model_folder(folder):
        return folder
    if folder.is_dir() or model.startswith((".", "/", "~")):
        reason = "it has no config.json with weights beside it" if folder.is_dir() else "there is no such folder"
        raise DataError(
            f"teacher.model is '{model}'; {reason}",
            f"name a folder with config.json, the tokenizer's files and one of {', '.join(WEIGHTS)}",
        )
    return None


def is_model_folder(folder: Path) -> bool:
    """Whether a folder has a model's config and weights."""
    return (folder / "config.json").is_file() and any((folder / name).is_file() for name in WEIGHTS)


def in_package(name: str) -> Path | None:
    """The folder of the model that the installed Python package `name` carries, or None."""
    root = package_folder(name)
    configs = sorted(root.rglob("config.json")) if root else []
    return next((config.parent for config in configs if is_model_folder(config.parent)), None)
