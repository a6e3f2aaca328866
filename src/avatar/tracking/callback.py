"""Hydra's hook around a sweep: the store exists, and the parent run is open, before the first job starts."""

import atexit
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from avatar.common.errors import AvatarError
from avatar.common.signals import received
from avatar.config.schema import TrackingConfig, expand_paths
from avatar.tracking.mlflow_values import PARENT_VARIABLE


class SweepCallback(Callback):
    """Opens the parent run of `-m` and hands its id to the jobs through the environment.

    Every launcher's processes start after that and inherit it: joblib's, and submitit's through sbatch.
    """

    def __init__(self) -> None:
        self._open: tuple[Any, str] | None = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Prepare the store; find or open the parent run. An error ends the program: Hydra would go on."""
        try:
            self._start(config)
        except AvatarError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(error.exit_status) from error
        except Exception as error:  # Hydra turns what a callback raises into a warning and starts the jobs
            traceback.print_exc()
            raise SystemExit(1) from error

    def _start(self, config: DictConfig) -> None:
        settings = OmegaConf.to_container(config.tracking, resolve=True)
        tracking = TrackingConfig(**settings)  # type: ignore[arg-type]
        expand_paths(tracking)
        if not tracking.enabled or config.plan:
            return
        from avatar.tracking.sweeps import open_sweep, sweep_hash

        overrides = [str(text) for text in config.hydra.overrides.task]
        plain: Any = OmegaConf.to_container(
            OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        )
        name = " ".join(overrides)[:200] or "sweep"
        store, run_id = open_sweep(
            tracking,
            tracking.experiment or str(config.experiment),
            name,
            sweep_hash(plain, overrides),
            str(Path(config.hydra.sweep.dir).resolve()),
        )
        self._open = store, run_id
        os.environ[PARENT_VARIABLE] = run_id
        atexit.register(self._close)  # a failed or interrupted sweep never gets to its end hook

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run by how its jobs ended."""
        self._close()

    def _close(self) -> None:
        if self._open is None:
            return
        from avatar.tracking.sweeps import close_sweep

        store, run_id = self._open
        self._open = None
        os.environ.pop(PARENT_VARIABLE, None)
        close_sweep(store, run_id, interrupted=received() is not None)
