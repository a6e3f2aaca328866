"""Training with Lightning. A run that was killed and restarted gives the same weights as an uninterrupted one."""

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from avatar.common.errors import ArtifactError, DivergedError
from avatar.common.folders import remove
from avatar.common.hashing import file_digest, stable_hash
from avatar.common.logging import get_logger
from avatar.common.signals import Interrupted, check
from avatar.config.schema import TrainerConfig
from avatar.data.callbacks import (
    LAST,
    PREVIOUS,
    Checkpoint,
    EpochSeed,
    KeepBest,
    LogProgress,
    Weights,
    module_weights,
    valid_digests,
)
from avatar.data.cuts import score_of

log = get_logger("training")

SCORE = "valid/score"
"""The metric by which epochs are compared."""
SPREAD = "valid/spread"
"""How far the answers of an epoch differ: the standard deviation of log-odds, or of vectors of length 1."""


def valid_scores(logits: Tensor, labels: Tensor, metric: str = "accuracy") -> dict[str, float]:
    """Cross-entropy, accuracy, F1 and `SCORE` (by `metric`) of logits (examples, 2) for labels (examples,)."""
    margins, truth = (logits[:, 1] - logits[:, 0]).numpy(), labels.numpy()
    predicted, correct = int((margins >= 0).sum()), int(((margins >= 0) & (truth == 1)).sum())
    return {
        "valid/loss": float(nn.functional.cross_entropy(logits, labels)),
        "valid/accuracy": score_of(margins, truth),
        "valid/f1": 2 * correct / max(1, predicted + int(truth.sum())),
        SCORE: score_of(margins, truth, metric),
    }


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """AdamW groups of all trainable parameters: no weight decay for biases, norms and other vectors."""
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    decayed = [weight for weight in trainable if weight.ndim > 1]
    undecayed = [weight for weight in trainable if weight.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": undecayed, "weight_decay": 0.0}]


def make_trainer(
    config: TrainerConfig,
    epochs: int,
    folder: Path,
    callbacks: Sequence[pl.Callback] = (),
    clip: float | None = 1.0,
) -> pl.Trainer:
    """A Lightning trainer for `epochs`; only its callbacks write files.

    `ddp` runs as Lightning's ddp_spawn, whose child processes only train. Plain ddp would start the whole
    program, with all its stages, again for each device.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    return pl.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        strategy="ddp_spawn" if config.strategy == "ddp" else config.strategy,
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=epochs,
        gradient_clip_val=clip,
        default_root_dir=str(folder),
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=shows_bar(config),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # BucketSampler divides the batches among the processes
    )


def shows_bar(config: TrainerConfig) -> bool:
    """Whether training shows a progress bar instead of log lines."""
    return config.progress == "bar" or (config.progress == "auto" and sys.stderr.isatty())


def newest_checkpoint(folder: Path, training: str) -> Path | None:
    """The newest checkpoint that `training` wrote into `folder` and that is as it was written, or None.

    Any other one is deleted, with a warning in the log.
    """
    digests = valid_digests(folder, training)
    for path, rest in ((folder / LAST, "the one before it is used"), (folder / PREVIOUS, "the training starts anew")):
        if not os.path.lexists(path):
            continue
        try:
            if file_digest(path) in digests:
                return path
            reason = "it is damaged, or of another training"
        except OSError as error:
            reason = error.strerror or str(error)
        log.warning("the checkpoint %s is not used, and deleted: %s; %s", path, reason, rest)
        remove(path)
    return None


def _run(
    trainer: pl.Trainer, module: pl.LightningModule, data: pl.LightningDataModule, checkpoint: Path | None
) -> None:
    """Fit, and raise after a signal. Lightning itself would exit with status 0 on SIGTERM and 1 on Ctrl-C."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except BaseException as error:
        if trainer.strategy.launcher is not None:
            # otherwise its processes continue to train, and exit waits for them
            trainer.strategy.launcher.kill(signal.SIGKILL)
        if isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt):
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from error
        if trainer.received_sigterm and not isinstance(error, Interrupted):
            raise Interrupted(signal.SIGTERM) from error
        raise
    check()
    if trainer.received_sigterm:
        raise Interrupted(signal.SIGTERM)
    if trainer.interrupted:
        raise RuntimeError("Lightning reports that the training was interrupted, but no signal was received")


@dataclass(frozen=True)
class Fitted:
    """The result of a training: the metrics of each epoch, and the epoch whose weights were kept."""

    history: tuple[dict[str, float], ...]
    best_epoch: int
    best_score: float


def fit(
    module: pl.LightningModule,
    data: pl.LightningDataModule,
    config: TrainerConfig,
    *,
    epochs: int,
    seed: int,
    folder: Path,
    label: str,
    examples: int,
    batch_size: int,
    monitor: str = SCORE,
    patience: int | None = None,
    clip: float | None = 1.0,
    weights: Callable[[pl.LightningModule], Weights] = module_weights,
    callbacks: Sequence[pl.Callback] = (),
) -> Fitted:
    """Train `module` and give it the weights of its best epoch.

    It continues from the newest checkpoint in `folder`, if there is one, with the same result as an uninterrupted
    training: data order and dropout depend only on `seed`, epoch and step. If a signal ends the training, it raises
    `Interrupted`, or KeyboardInterrupt if Ctrl-C has no other handler.
    """
    keep = KeepBest(monitor, patience, weights)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"cannot create the folder {folder}: {error.strerror}",
            "free some disk space, or choose another folder that you may write to",
        ) from error
    progress = [] if config.progress == "none" else [LogProgress(label, examples, batch_size, not shows_bar(config))]
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    training = stable_hash([shapes, epochs, seed, examples, batch_size, monitor, patience, clip])
    trainer = make_trainer(
        config, epochs, folder, [EpochSeed(seed), *callbacks, keep, *progress, Checkpoint(folder, training)], clip
    )
    module.train()  # from_pretrained leaves modules in eval mode, and Lightning does not change that
    _run(trainer, module, data, newest_checkpoint(folder, training))
    if not keep.best_weights:  # trained in child processes
        saved = torch.load(folder / LAST, map_location="cpu", weights_only=True)
        keep.load_state_dict(saved["callbacks"][keep.state_key])
    if not all(value.isfinite().all() for value in keep.best_weights.values()):
        raise DivergedError(f"{label}: the training diverged", "lower the learning rate")
    module.load_state_dict(keep.best_weights)
    return Fitted(tuple(keep.history), keep.best_epoch, keep.best_score)
