"""The LightningModule that trains a student on a teacher's labels."""

import copy
import math

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from avatar.config.schema import DistillConfig
from avatar.data.batching import Batch
from avatar.data.lightning_training import parameter_groups, valid_scores
from avatar.student.encoder import StudentModel
from avatar.student.loss import distillation_loss, relation_loss


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate at `step` of `steps`: a linear rise, then half a cosine to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))


class DistillModule(pl.LightningModule):
    """Trains `student` on soft labels. `averaged`, a moving average of its weights, is evaluated and kept."""

    def __init__(
        self, student: StudentModel, cfg: DistillConfig, learning_rate: float, metric: str = "accuracy"
    ) -> None:
        super().__init__()
        self.student = student
        self.cfg = cfg
        self.learning_rate = learning_rate
        self.metric = metric
        self.averaged = copy.deepcopy(student) if cfg.average else None
        if self.averaged is not None:
            self.averaged.requires_grad_(False)
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    @property
    def evaluated(self) -> StudentModel:
        """The model that is evaluated and kept."""
        return self.student if self.averaged is None else self.averaged

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The distillation loss of one batch, plus the relation loss if the batch has vectors of the teacher."""
        vectors = self.student.encode(batch.input_ids, batch.attention_mask)
        logits = self.student.classify(vectors[batch.members])
        assert batch.soft is not None  # `Examples` of a distillation always hold soft labels
        loss = distillation_loss(logits, batch.soft, batch.labels, self.cfg.temperature, self.cfg.hard_share)
        if batch.vectors is None:
            return loss
        return loss + self.cfg.relations * relation_loss(vectors, batch.vectors)

    def on_train_batch_end(self, outputs: object, batch: Batch, batch_idx: int) -> None:
        """Update the moving average; it changes faster in the first steps."""
        if self.averaged is None:
            return
        decay = min(self.cfg.average, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.student.parameters()), 1 - decay)

    def on_validation_epoch_start(self) -> None:
        """Delete the logits and labels of the last epoch."""
        self._logits, self._labels = [], []
        self.evaluated.eval()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Store the logits and labels of the batch."""
        logits = self.evaluated(batch.input_ids, batch.attention_mask, batch.members)
        self._logits.append(logits.float().cpu())
        self._labels.append(batch.labels.cpu())

    def on_validation_epoch_end(self) -> None:
        """Log `valid_scores` over all of valid."""
        self.log_dict(valid_scores(torch.cat(self._logits), torch.cat(self._labels), self.metric), prog_bar=True)

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
