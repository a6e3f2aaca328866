"""Lightning callbacks: seeding, keeping the best weights, checkpoints and log lines."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from avatar.common.files import write_text, writing
from avatar.common.hashing import file_digest
from avatar.common.logging import format_seconds, get_logger
from avatar.common.regular_files import read_regular
from avatar.common.seeding import derive_seed
from avatar.common.signals import check

LAST, PREVIOUS, VALID = "last.ckpt", "previous.ckpt", "valid.json"
"""Checkpoints of the last finished epoch and of the epoch before it, and the digests of both."""

Weights = dict[str, Tensor]

log = get_logger("training")


class EpochSeed(pl.Callback):
    """Makes the order of the batches and dropout depend on seed, epoch and step only.

    torch is seeded at each step, because data loaders also use its generator, and use it differently after a
    restart. This callback also sets the epoch of the batch sampler, because Lightning does not.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Set the epoch of the batch sampler."""
        sampler = getattr(trainer.train_dataloader, "batch_sampler", None)
        if sampler is not None and hasattr(sampler, "set_epoch"):
            sampler.set_epoch(trainer.current_epoch)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed torch with epoch, step and rank. Raise if a signal arrived and its exception was lost."""
        check()
        step = (trainer.current_epoch, batch_idx, trainer.global_rank)
        torch.manual_seed(derive_seed(self.seed, "step", *step))


def module_weights(module: pl.LightningModule) -> Weights:
    """A copy of a module's weights on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}


class KeepBest(pl.Callback):
    """Keeps each epoch's metrics and the best epoch's weights; stops after `patience` epochs without a better one.

    All of this is part of the checkpoint. Of epochs with equal scores, the first is the best. `weights` reads
    the weights from the module, for example averaged weights.
    """

    def __init__(
        self,
        monitor: str,
        patience: int | None = None,
        weights: Callable[[pl.LightningModule], Weights] = module_weights,
    ) -> None:
        self.monitor = monitor
        self.patience = patience
        self.read_weights = weights
        self.history: list[dict[str, float]] = []
        self.best_epoch = -1
        self.best_score = float("-inf")
        self.best_weights: Weights = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop at once if the patience had run out before a restart."""
        self._stop_if_patience_ran_out(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Store the epoch's metrics, and its weights if it is the best epoch."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.history.append({"epoch": float(trainer.current_epoch), **metrics})
        if not self.best_weights or metrics[self.monitor] > self.best_score:
            self.best_score, self.best_epoch = metrics[self.monitor], trainer.current_epoch
            self.best_weights = self.read_weights(pl_module)
        self._stop_if_patience_ran_out(trainer)

    def _stop_if_patience_ran_out(self, trainer: pl.Trainer) -> None:
        if self.patience is not None and self.history:
            trainer.should_stop = self.history[-1]["epoch"] - self.best_epoch >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """History and best weights."""
        names = ("history", "best_epoch", "best_score", "best_weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        vars(self).update(state_dict)


class Checkpoint(pl.Callback):
    """Writes last.ckpt at the end of each epoch, completely or not at all; keeps the checkpoint before it.

    It stores the state of `KeepBest`, so it must come after it in the list of callbacks. `training` identifies the
    training, so that no other one continues from its checkpoints.
    """

    def __init__(self, folder: Path, training: str) -> None:
        self.folder = folder
        self.training = training

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the checkpoint on the first process; the other processes only help to collect its data."""
        path = self.folder / LAST
        if not trainer.is_global_zero:
            trainer.save_checkpoint(path)
            return
        with writing(path) as temporary:
            trainer.save_checkpoint(temporary)
            digests = [file_digest(temporary), *valid_digests(self.folder, self.training)[:2]]
            write_text(self.folder / VALID, json.dumps({"training": self.training, "sha256": digests}) + "\n")
            if path.exists():
                path.replace(self.folder / PREVIOUS)


def valid_digests(folder: Path, training: str) -> list[str]:
    """The digests of the checkpoints that this `training` wrote into `folder`, the newest first."""
    try:
        read = json.loads(read_regular(folder / VALID, 10_000))
        return [str(digest) for digest in read["sha256"]] if read["training"] == training else []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


class LogProgress(pl.Callback):
    """Logs the size of a training, an estimate of the time left, and the metrics of each epoch."""

    def __init__(self, label: str, examples: int, batch_size: int, lines: bool, warm_steps: int = 5) -> None:
        self.label = label
        self.examples = examples
        self.batch_size = batch_size
        self.lines = lines
        self.warm_steps = warm_steps
        self.interval = 30.0  # seconds between log lines
        self._start = self._last = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the number of examples, steps and epochs."""
        steps = int(trainer.estimated_stepping_batches)
        text = "%s: %d examples, batches of %d, %d steps in %d epochs"
        log.info(text, self.label, self.examples, self.batch_size, steps, trainer.max_epochs)
        if trainer.global_step:
            log.info("%s: continues after step %d", self.label, trainer.global_step)
        self._start = self._last = time.monotonic()
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the time left after the first steps, and then every 30 seconds if there is no progress bar."""
        done = trainer.global_step - self._first_step
        now = time.monotonic()
        if done == 1:
            self._start = now  # the first step is slower: it allocates memory and compiles kernels
        if done == 1 + self.warm_steps or (self.lines and now - self._last >= self.interval and done > 1):
            self._last = now
            steps = int(trainer.estimated_stepping_batches)
            left = (now - self._start) / (done - 1) * (steps - trainer.global_step)
            text = "%s: step %d of %d, about %s left"
            log.info(text, self.label, trainer.global_step, steps, format_seconds(left))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics of the epoch."""
        shown = ", ".join(f"{name} {float(value):.4f}" for name, value in trainer.callback_metrics.items())
        log.info("%s: epoch %d of %d: %s", self.label, trainer.current_epoch + 1, trainer.max_epochs, shown)
