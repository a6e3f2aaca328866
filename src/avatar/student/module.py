"""The LightningModule that distils a teacher's labels into a student."""

import copy
import math

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from avatar.config.schema import DistillConfig
from avatar.data.batching import Batch
from avatar.data.training import parameter_groups
from avatar.student.encoder import StudentModel
from avatar.student.loss import distillation_loss


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate at `step` of `steps`: a linear rise, then half a cosine to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))


class DistillModule(pl.LightningModule):
    """Trains `student` on soft labels; `averaged`, a moving average of its weights, is what is evaluated."""

    def __init__(self, student: StudentModel, cfg: DistillConfig, learning_rate: float) -> None:
        super().__init__()
        self.student = student
        self.cfg = cfg
        self.learning_rate = learning_rate
        self.averaged = copy.deepcopy(student) if cfg.average else None
        if self.averaged is not None:
            self.averaged.requires_grad_(False)
        self._right = 0
        self._seen = 0
        self._loss = 0.0

    @property
    def evaluated(self) -> StudentModel:
        """The model that is validated and kept."""
        return self.student if self.averaged is None else self.averaged

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The distillation loss of one batch."""
        logits = self.student(batch.input_ids, batch.attention_mask, batch.members)
        assert batch.soft is not None  # `Examples` of a distillation always hold soft labels
        return distillation_loss(logits, batch.soft, batch.labels, self.cfg.temperature, self.cfg.hard_share)

    def on_train_batch_end(self, outputs: object, batch: Batch, batch_idx: int) -> None:
        """Move the average towards the weights; early on it follows faster."""
        if self.averaged is None:
            return
        decay = min(self.cfg.average, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.averaged.parameters()), list(self.student.parameters()), 1 - decay
            )

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        self._right = self._seen = 0
        self._loss = 0.0
        self.evaluated.eval()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count right answers."""
        logits = self.evaluated(batch.input_ids, batch.attention_mask, batch.members)
        self._right += int((logits.argmax(1) == batch.labels).sum())
        self._loss += float(nn.functional.cross_entropy(logits, batch.labels, reduction="sum"))
        self._seen += len(batch)

    def on_validation_epoch_end(self) -> None:
        """Log accuracy and cross-entropy on valid."""
        accuracy = self._right / max(1, self._seen)
        loss = self._loss / max(1, self._seen)
        self.log("valid/accuracy", accuracy, prog_bar=True)
        self.log("valid/loss", loss)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a cosine decay over all steps."""
        optimizer = torch.optim.AdamW(
            parameter_groups(self.student, self.cfg.weight_decay), lr=self.learning_rate, fused=True
        )
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = max(1, round(self.cfg.warmup_share * steps))
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warmup_cosine(step, steps, warmup)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
