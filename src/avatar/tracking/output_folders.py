"""Hydra calls this at each start to make a new output folder, also if two jobs start in the same second."""

from itertools import count
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, flag_override

from avatar.common.errors import ArtifactError
from avatar.common.output import complain


def reserve(folder: Path) -> Path:
    """Make and return `folder`, or `folder`-2, -3 and so on if it exists. No other process gets the same folder.

    Raises ArtifactError if the folder cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            free = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
            try:
                free.mkdir()
            except FileExistsError:
                if number == 1 and folder.exists() and not folder.is_dir():
                    raise
                continue
            return free
    except OSError as error:
        raise ArtifactError(
            f"cannot make the output folder {folder}: {error.strerror or error}",
            "choose another one with hydra.run.dir=PATH (hydra.sweep.dir=PATH for -m), or free some disk space",
        ) from error
    raise AssertionError("count() does not end")


class OutputCallback(Callback):
    """Makes the folder of a run or a sweep before Hydra does. A folder that the user named is not changed."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Replace hydra.run.dir."""
        self._reserve(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Replace hydra.sweep.dir, also for the jobs: Hydra composes their configuration again from the overrides."""
        folder = self._reserve(config, "sweep")
        if folder is not None:
            quoted = QuotedString(text=str(folder), quote=Quote.single).with_quotes()
            with flag_override(config.hydra.overrides, ["struct", "readonly"], [False, False]):
                config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted}")

    def _reserve(self, config: DictConfig, kind: str) -> Path | None:
        key = f"hydra.{kind}.dir"
        if any(str(text).lstrip("+").startswith(f"{key}=") for text in config.hydra.overrides.hydra):
            return None
        try:
            folder = reserve(Path(str(OmegaConf.select(config, key))))
        except ArtifactError as error:  # Hydra would print an exception of a callback as a warning
            complain(f"error: {error}")
            raise SystemExit(error.exit_status) from error
        with flag_override(config.hydra, ["struct", "readonly"], [False, False]):
            config.hydra[kind].dir = str(folder)
        return folder
