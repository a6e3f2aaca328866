"""The LightningModule that fine-tunes a teacher."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from avatar.config.schema import TeacherConfig
from avatar.data.batching import Batch
from avatar.data.lightning_training import parameter_groups, valid_scores


class TeacherModule(pl.LightningModule):
    """Trains `model` (a `TeacherModel` or its `Upper`) on true labels with cross-entropy.

    Each validation logs `valid_scores` with `metric`.
    """

    def __init__(self, model: nn.Module, cfg: TeacherConfig, metric: str = "accuracy") -> None:
        super().__init__()
        self.model = model
        self.cfg = cfg
        self.metric = metric
        self._predicted: list[Tensor] = []
        self._labels: list[Tensor] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy of one batch."""
        logits = self.model(batch.input_ids, batch.attention_mask, batch.members)
        loss = nn.functional.cross_entropy(logits.float(), batch.labels)
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(batch), prog_bar=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Delete the logits and labels of the last epoch."""
        self._predicted, self._labels = [], []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Store the logits and labels of the batch."""
        logits = self.model(batch.input_ids, batch.attention_mask, batch.members)
        self._predicted.append(logits.float().cpu())
        self._labels.append(batch.labels.cpu())

    def on_validation_epoch_end(self) -> None:
        """Log the scores over all of valid."""
        scores = valid_scores(torch.cat(self._predicted), torch.cat(self._labels), self.metric)
        self.log_dict(scores, rank_zero_only=False, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW with a linear warm-up and a linear decay to 0 over all steps."""
        groups = parameter_groups(self.model, self.cfg.weight_decay)
        optimizer = torch.optim.AdamW(groups, lr=self.cfg.learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = max(1, round(self.cfg.warmup_share * steps))

        def share(step: int) -> float:
            return (step + 1) / warmup if step < warmup else max(0.0, (steps - step) / max(1, steps - warmup))

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
