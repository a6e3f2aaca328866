"""Finding the folder of a data set: named, under $AVATAR_DATA, under data/, or fetched from the hub."""

import os
from dataclasses import dataclass
from pathlib import Path

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.common.paths import user_path
from avatar.config.schema import DatasetConfig

DATA_VARIABLE = "AVATAR_DATA"
OFFLINE = "or run the offline experiment, which needs no data: python train.py (dataset=stdlib)"
PATIENCE = 5.0
"""Seconds that the hub may take to answer before it counts as unreachable."""


@dataclass(frozen=True)
class Source:
    """A folder to read from, and sentences for the report about where it came from."""

    folder: Path
    notes: tuple[str, ...] = ()


def locate(cfg: DatasetConfig, layout: str) -> Source:
    """The folder of `cfg`'s data set; `layout` says in words which files belong there.

    `dataset.root` is taken at its word: it must exist. Without it the set's folder under $AVATAR_DATA,
    then under data/, then the hub copy (cached by huggingface_hub) are tried; where the config names the
    files and none of these folders exists, the names are relative to the working directory.
    """
    if cfg.root is not None:
        folder = user_path(cfg.root)
        if not folder.is_dir():
            found = "is a file" if folder.exists() else "does not exist"
            raise DataError(
                f"dataset.root={cfg.root} {found}; a folder is needed",
                f"put there: {layout}; {OFFLINE}",
            )
        return Source(folder)
    tried = candidates(cfg)
    for folder in tried:
        if folder.is_dir():
            return Source(folder)
    if cfg.files:
        return Source(Path())
    places = " nor ".join(map(str, tried))
    advice = f"put {layout} into {tried[-1]} or name your folder with dataset.root=PATH; {OFFLINE}"
    if cfg.hub is None:
        raise DataError(f"no data for dataset={cfg.name}: there is no folder {places}", advice)
    get_logger("data").info("no folder %s; asking the Hugging Face hub for %s", places, cfg.hub)
    return Source(_fetch(cfg.hub, places, advice), (f"Read from the Hugging Face hub's {cfg.hub}.",))


def candidates(cfg: DatasetConfig) -> list[Path]:
    """The folders that a data set without `root` may lie in, the first choice first."""
    variable = os.environ.get(DATA_VARIABLE)
    bases = [user_path(variable)] if variable else []
    return [base / (cfg.folder or cfg.name) for base in [*bases, Path("data")]]


def _fetch(hub: str, places: str, advice: str) -> Path:
    """Folder of the hub's snapshot. When the hub does not answer soon, a complete cached copy serves."""
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
        HfApi().dataset_info(hub, timeout=PATIENCE)  # snapshot_download alone would wait without limit
    except RepositoryNotFoundError as error:
        raise DataError(f"the hub has no data set {hub} that you may read (dataset.hub)", advice) from error
    except HFValidationError as error:
        raise DataError(f"dataset.hub={hub} is no name of a hub data set", advice) from error
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
                etag_timeout=PATIENCE,
            )
        )
    except LocalEntryNotFoundError as error:
        raise DataError(
            f"hub unreachable ({reason or _first_line(error)}), no cached copy of {hub}, and no folder {places}",
            advice,
        ) from error
    except (OSError, HTTPError) as error:
        raise DataError(f"could not fetch {hub} from the hub: {_first_line(error)}", advice) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
