"""Hydra calls this around a sweep: the store and the open parent run exist before the first job starts."""

import atexit
import os
import traceback
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from avatar.common.errors import AvatarError
from avatar.common.output import complain
from avatar.common.signals import received
from avatar.config.schema import TrackingConfig, expand_paths
from avatar.tracking.address import without_password
from avatar.tracking.mlflow_values import PARENT_VARIABLE


class SweepCallback(Callback):
    """Opens the parent run of a sweep (`-m`) and gives its id to the jobs in an environment variable.

    The processes of all launchers start later and inherit it: those of joblib, and those of submitit through sbatch.
    """

    def __init__(self) -> None:
        self._open: tuple[Any, str] | None = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Prepare the store; find or open the parent run. An error ends the program, because Hydra would ignore it."""
        try:
            self._start(config)
        except AvatarError as error:
            complain(f"error: {error}")
            raise SystemExit(error.exit_status) from error
        except Exception as error:  # Hydra would print an exception of a callback as a warning and start the jobs
            traceback.print_exc()
            raise SystemExit(1) from error

    def _start(self, config: DictConfig) -> None:
        settings = OmegaConf.to_container(config.tracking, resolve=True)
        tracking = TrackingConfig(**settings)  # type: ignore[arg-type]
        expand_paths(tracking, "tracking.")
        if not tracking.enabled or config.plan:
            return
        from avatar.tracking.sweeps import open_sweep, sweep_hash

        overrides = [str(text) for text in config.hydra.overrides.task]
        plain: Any = OmegaConf.to_container(
            OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        )
        name = without_password(" ".join(overrides), tracking.uri)[:200] or "sweep"
        store, run_id = open_sweep(
            tracking,
            tracking.experiment or str(config.experiment),
            name,
            sweep_hash(plain, overrides),
            str(Path(config.hydra.sweep.dir).resolve()),
        )
        self._open = store, run_id
        os.environ[PARENT_VARIABLE] = run_id
        atexit.register(self._close)  # Hydra does not call on_multirun_end for a failed or interrupted sweep

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """End the parent run with the status that follows from its jobs."""
        self._close()

    def _close(self) -> None:
        if self._open is None:
            return
        from avatar.tracking.sweeps import close_sweep

        store, run_id = self._open
        self._open = None
        os.environ.pop(PARENT_VARIABLE, None)
        close_sweep(store, run_id, interrupted=received() is not None)
