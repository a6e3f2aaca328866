"""Heads of a teacher: from the vectors of an example's functions to logits."""

import torch
from torch import Tensor, nn

from avatar.data.records import Task
from avatar.teacher.names import JOINS


class Join(nn.Module):
    """Joins the vectors of each example's functions, (examples, arity, hidden), to `features` numbers."""

    def __init__(self, hidden_size: int, arity: int) -> None:
        super().__init__()
        self.features = arity * hidden_size

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to (examples, features)."""
        raise NotImplementedError


class Concat(Join):
    """All vectors side by side, as in the paper; so the result depends on the order of a pair."""

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to (examples, arity * hidden)."""
        return vectors.flatten(1)


class Interaction(Join):
    """Absolute difference and product of standardised vectors: (a, b) and (b, a) get the same result.

    Features of a pretrained encoder have large means without information about a function; batch
    normalisation removes them. The vector of a single function is only standardised.
    """

    def __init__(self, hidden_size: int, arity: int) -> None:
        super().__init__(hidden_size, arity)
        self.norm = nn.BatchNorm1d(hidden_size)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to (examples, arity * hidden)."""
        standard = self._standardised(vectors.flatten(0, 1).float()).view_as(vectors)
        if vectors.shape[1] == 1:
            return standard[:, 0]
        first, second = standard[:, 0], standard[:, 1]
        return torch.cat([(first - second).abs(), first * second], dim=1)

    def _standardised(self, vectors: Tensor) -> Tensor:
        """Batch normalisation. For a training batch of one vector, with the running mean and variance."""
        if self.training and len(vectors) == 1:
            norm = self.norm
            return nn.functional.batch_norm(vectors, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        standard: Tensor = self.norm(vectors)
        return standard


class Head(nn.Module):
    """RoBERTa's classification head (dense, tanh, dropout, out) over joined vectors."""

    def __init__(self, task: Task, hidden_size: int, kind: str, dropout: float = 0.1) -> None:
        super().__init__()
        self.join = JOINS.get(kind)(hidden_size, task.arity)
        self.dense = nn.Linear(self.join.features, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden_size, 2)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to logits (examples, 2)."""
        features = self.join(vectors)
        return self.out(self.dropout(torch.tanh(self.dense(self.dropout(features)))))
