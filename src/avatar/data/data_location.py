"""The folder of a data set: dataset.root, under $AVATAR_DATA, under data/, or downloaded from the hub."""

import os
from dataclasses import dataclass
from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.common.paths import user_path
from avatar.config.schema import DatasetConfig

DATA_VARIABLE = "AVATAR_DATA"
OFFLINE = "or run the offline experiment, which needs no data: python train.py (dataset=stdlib)"
HUB_TIMEOUT = 5.0
"""Seconds to wait for an answer from the hub."""


@dataclass(frozen=True)
class Source:
    """The folder of a data set, and sentences for the report about its origin."""

    folder: Path
    notes: tuple[str, ...] = ()


def locate(cfg: DatasetConfig, layout: str) -> Source:
    """The folder of the data set of `cfg`; `layout` says in words which files belong there.

    If `dataset.root` is set, this folder must exist. Otherwise the order is: a folder under $AVATAR_DATA, a folder
    under data/, the copy of the hub (cached by huggingface_hub). If the config names the files and none of the
    folders exists, the file names are relative to the working directory.
    """
    if cfg.root is not None:
        folder = user_path(cfg.root)
        if not folder.is_dir():
            problem = "is a file" if folder.exists() else "does not exist"
            raise DataError(
                f"dataset.root={cfg.root} {problem}; it must be a folder",
                f"the folder must contain {layout}; {OFFLINE}",
            )
        return Source(folder)
    tried = candidates(cfg)
    for folder in tried:
        if folder.is_dir():
            return Source(folder)
    if cfg.files:
        return Source(Path())
    folders = " or ".join(map(str, tried))
    advice = f"put {layout} into {tried[-1]}, or set dataset.root=FOLDER to your folder; {OFFLINE}"
    if cfg.hub is None:
        raise DataError(f"no data for dataset={cfg.name}: there is no folder {folders}", advice)
    get_logger("data").info("there is no folder %s; reading %s from the Hugging Face hub", folders, cfg.hub)
    return Source(_fetch(cfg.hub, folders, advice), (f"Read from {cfg.hub} on the Hugging Face hub.",))


def candidates(cfg: DatasetConfig) -> list[Path]:
    """The folders where a data set without `root` is searched, in this order."""
    variable = os.environ.get(DATA_VARIABLE)
    bases = [user_path(variable)] if variable else []
    return [base / (cfg.folder or cfg.name) for base in [*bases, Path("data")]]


def _fetch(hub: str, folders: str, advice: str) -> Path:
    """Folder of the hub's snapshot. If the hub does not answer within `HUB_TIMEOUT`, a complete cached copy is used."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is not re-exported
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    reason = ""
    try:
        HfApi().dataset_info(hub, timeout=HUB_TIMEOUT)  # snapshot_download alone would wait without limit
    except RepositoryNotFoundError as error:
        raise DataError(
            f"dataset.hub={hub}: the Hugging Face hub has no such data set, or you may not read it", advice
        ) from error
    except HFValidationError as error:
        raise DataError(
            f"dataset.hub={hub} is not a valid name of a data set on the Hugging Face hub", advice
        ) from error
    except OfflineModeIsEnabled:
        reason = "HF_HUB_OFFLINE is set"
    except (OSError, HTTPError) as error:
        reason = _first_line(error)
    try:
        return Path(
            snapshot_download(
                hub,
                repo_type="dataset",
                allow_patterns=["*.parquet"],
                local_files_only=bool(reason),
                etag_timeout=HUB_TIMEOUT,
            )
        )
    except LocalEntryNotFoundError as error:
        raise DataError(
            f"hub unreachable ({reason or _first_line(error)}), no cached copy of {hub}, and no folder {folders}",
            advice,
        ) from error
    except (OSError, HTTPError) as error:
        raise DataError(f"cannot download {hub} from the Hugging Face hub: {_first_line(error)}", advice) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
