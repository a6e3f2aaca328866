"""Finds an encoder's files without the hub: in a folder or in an installed Python package."""

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

TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)
"""Names of the files of tokenizers. A model's folder has at least one."""


def local_folder(model: str) -> Path | None:
    """The folder that `model` names, or None if it is not a path. A path without a model is a DataError."""
    folder = user_path(model)
    if is_model_folder(folder):
        if not has_tokenizer(folder):
            raise DataError(
                f"teacher.model is '{model}', but this folder has no tokenizer",
                f"copy the tokenizer's files into it: one of {', '.join(TOKENIZERS)}",
            )
        return folder
    if folder.is_dir() or model.startswith((".", "/", "~")):
        reason = (
            "this folder does not contain both config.json and weights"
            if folder.is_dir()
            else "there is no such folder"
        )
        raise DataError(
            f"teacher.model is '{model}', but {reason}",
            f"set it to a folder with config.json, the tokenizer's files and one of {', '.join(WEIGHTS)}",
        )
    return None


def is_model_folder(folder: Path) -> bool:
    """Whether a folder contains config.json and weights of a model."""
    return (folder / "config.json").is_file() and any((folder / name).is_file() for name in WEIGHTS)


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder contains a file of a tokenizer."""
    return any((folder / name).is_file() for name in TOKENIZERS)


def in_package(name: str) -> Path | None:
    """The folder of the model in the installed Python package `name`, or None."""
    root = package_folder(name)
    configs = sorted(root.rglob("config.json")) if root else []
    return next((config.parent for config in configs if is_model_folder(config.parent)), None)
