"""The LightningModule that trains a student on groups of clones, and on the similarities of a teacher's vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor

from avatar.config.schema import DistillConfig
from avatar.data.batching import Batch
from avatar.data.lightning_training import SCORE, SPREAD
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
from avatar.student.averaged_module import AveragedModule
from avatar.student.encoder import StudentModel
from avatar.student.loss import contrastive_loss, similarity_loss


class ContrastModule(AveragedModule):
    """Trains `student` with the supervised contrastive loss. `valid_languages` are those of the valid examples."""

    def __init__(
        self,
        student: StudentModel,
        cfg: DistillConfig,
        learning_rate: float,
        metric: str,
        valid_languages: Sequence[str] = (),
    ) -> None:
        super().__init__(student, cfg, learning_rate, metric)
        self.valid_languages = valid_languages
        self._vectors: list[Tensor] = []
        self._groups: list[Tensor] = []
        self._rows: list[Tensor] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The contrastive loss of one batch, plus the similarity loss if the batch has vectors of the teacher."""
        vectors = self.student.encode(batch.input_ids, batch.attention_mask)
        temperature = self.cfg.temperature
        loss = contrastive_loss(vectors[batch.members[:, 0]].float(), batch.labels, temperature)
        if batch.vectors is None:
            return loss
        return loss + self.cfg.relations * similarity_loss(vectors, batch.vectors, temperature)

    def on_validation_epoch_start(self) -> None:
        """Delete the vectors of the last epoch."""
        self._vectors, self._groups, self._rows = [], [], []
        self.evaluated.eval()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Store the vectors and groups of the batch."""
        vectors = self.evaluated(batch.input_ids, batch.attention_mask, batch.members)
        self._vectors.append(vectors.float().cpu())
        self._groups.append(batch.labels.cpu())
        self._rows.append(batch.rows.cpu())

    def on_validation_epoch_end(self) -> None:
        """Log the loss and the score over all of valid, in the order of its examples."""
        order = torch.cat(self._rows).argsort()
        vectors, groups = torch.cat(self._vectors)[order], torch.cat(self._groups)[order]
        languages = self.valid_languages
        space = VectorSpace(vectors.numpy(), groups.numpy(), languages)
        scores = {
            "valid/loss": float(contrastive_loss(vectors, groups, self.cfg.temperature)),
            SCORE: VECTOR_METRICS.get(self.metric).score(space),
            SPREAD: float(vectors.var(dim=0, unbiased=False).sum().sqrt()),
        }
        self.log_dict(scores, prog_bar=True)
