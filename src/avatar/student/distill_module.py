"""The LightningModule that trains a student on a teacher's labels."""

import torch
from torch import Tensor

from avatar.config.schema import DistillConfig
from avatar.data.batching import Batch
from avatar.data.lightning_training import SPREAD, valid_scores
from avatar.student.averaged_module import AveragedModule
from avatar.student.encoder import StudentModel
from avatar.student.loss import distillation_loss, relation_loss


class DistillModule(AveragedModule):
    """Trains `student` on soft labels."""

    def __init__(
        self, student: StudentModel, cfg: DistillConfig, learning_rate: float, metric: str = "accuracy"
    ) -> None:
        super().__init__(student, cfg, learning_rate, metric)
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The distillation loss of one batch, plus the relation loss if the batch has vectors of the teacher."""
        vectors = self.student.encode(batch.input_ids, batch.attention_mask)
        logits = self.student.classify(vectors[batch.members])
        assert batch.soft is not None  # `Examples` of a distillation always hold soft labels
        loss = distillation_loss(logits, batch.soft, batch.labels, self.cfg.temperature, self.cfg.hard_share)
        if batch.vectors is None:
            return loss
        return loss + self.cfg.relations * relation_loss(vectors, batch.vectors)

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
        """Log `valid_scores` and `SPREAD` over all of valid."""
        logits = torch.cat(self._logits)
        scores = valid_scores(logits, torch.cat(self._labels), self.metric)
        self.log_dict({**scores, SPREAD: float((logits[:, 1] - logits[:, 0]).std(correction=0))}, prog_bar=True)
