"""What the training of every student shares: the moving average of its weights, and its optimizer."""

import copy
import math
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig

from avatar.config.schema import DistillConfig
from avatar.data.lightning_training import parameter_groups
from avatar.student.encoder import StudentModel


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate at `step` of `steps`: a linear rise, then half a cosine to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))


class AveragedModule(pl.LightningModule):
    """Trains `student`. `averaged`, a moving average of its weights, is evaluated and kept."""

    def __init__(self, student: StudentModel, cfg: DistillConfig, learning_rate: float, metric: str) -> None:
        super().__init__()
        self.student = student
        self.cfg = cfg
        self.learning_rate = learning_rate
        self.metric = metric
        self.averaged = copy.deepcopy(student) if cfg.average else None
        if self.averaged is not None:
            self.averaged.requires_grad_(False)

    @property
    def evaluated(self) -> StudentModel:
        """The model that is evaluated and kept."""
        return self.student if self.averaged is None else self.averaged

    def on_train_batch_end(self, outputs: object, batch: Any, batch_idx: int) -> None:
        """Update the moving average; it changes faster in the first steps."""
        if self.averaged is None:
            return
        decay = min(self.cfg.average, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.student.parameters()), 1 - decay)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a cosine decay over all steps.

        The fused version is faster. It is not used in mixed precision, where Lightning cannot clip its gradients.
        """
        fused = self.trainer.precision == "32-true"
        optimizer = torch.optim.AdamW(
            parameter_groups(self.student, self.cfg.weight_decay), lr=self.learning_rate, fused=fused
        )
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = max(1, round(self.cfg.warmup_share * steps))
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, steps, warmup))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
