"""From a teacher's vectors of an example's functions to logits."""

import torch
from torch import Tensor, nn

from avatar.common.registry import Registry
from avatar.data.records import Task

JOINS: Registry[type["Join"]] = Registry("teacher head")


class Join(nn.Module):
    """Makes one feature vector of the vectors (examples, arity, hidden) of each example's functions."""

    width = 1
    """Features for each hidden unit."""

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to (examples, width * hidden)."""
        return vectors.flatten(1)


@JOINS.register("concat")
class Concat(Join):
    """Both vectors side by side, as in the paper; the order of a pair matters."""

    width = 2


@JOINS.register("interaction")
class Interaction(Join):
    """Absolute difference and product, scaled to unit length first: (a, b) and (b, a) get the same answer."""

    width = 2

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, 2, hidden) to (examples, 2 * hidden)."""
        scale = vectors.shape[-1] ** 0.5
        unit = nn.functional.normalize(vectors.float(), dim=-1)
        first, second = unit[:, 0], unit[:, 1]
        return torch.cat([(first - second).abs() * scale, first * second * scale**2], dim=1)


class Head(nn.Module):
    """RoBERTa's classification head (dense, tanh, dropout, out) over joined vectors."""

    def __init__(self, task: Task, hidden_size: int, kind: str, dropout: float = 0.1) -> None:
        super().__init__()
        self.join = JOINS.get(kind)() if task is Task.PAIR else Join()
        self.dense = nn.Linear(self.join.width * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden_size, 2)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, arity, hidden) to logits (examples, 2)."""
        features = self.join(vectors)
        return self.out(self.dropout(torch.tanh(self.dense(self.dropout(features)))))
