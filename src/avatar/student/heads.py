"""Heads: from the vectors of an example's functions to its logits. Their cost is in `space.genes.head`."""

import torch
from torch import Tensor, nn

from avatar.common.registry import Registry
from avatar.student.dropout import Dropout

HEADS: Registry[type[nn.Module]] = Registry("head")


class Vector(nn.Module):
    """The head of students whose answer is the vector itself; it has no weights."""

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, 1, vector) to (examples, vector)."""
        return vectors[:, 0]


class _Classifier(nn.Module):
    """Dense, tanh, dropout, out: RoBERTa's classification head."""

    def __init__(self, inputs: int, hidden_size: int, dropout: float, num_labels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, hidden_size)
        self.dropout = Dropout(dropout)
        self.out = nn.Linear(hidden_size, num_labels)

    def forward(self, features: Tensor) -> Tensor:
        return self.out(self.dropout(torch.tanh(self.dense(features))))


@HEADS.register("single")
class Single(nn.Module):
    """The head for one function."""

    def __init__(self, vector_size: int, hidden_size: int, dropout: float, num_labels: int) -> None:
        super().__init__()
        self.classifier = _Classifier(vector_size, hidden_size, dropout, num_labels)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, 1, vector) to (examples, labels)."""
        return self.classifier(vectors[:, 0])


@HEADS.register("concat")
class Concat(nn.Module):
    """The paper's head for pairs: both vectors side by side, so the result depends on the order of the pair."""

    def __init__(self, vector_size: int, hidden_size: int, dropout: float, num_labels: int) -> None:
        super().__init__()
        self.classifier = _Classifier(2 * vector_size, hidden_size, dropout, num_labels)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, 2, vector) to (examples, labels)."""
        return self.classifier(vectors.flatten(1))


@HEADS.register("interaction")
class Interaction(nn.Module):
    """Sum, absolute difference and product: (a, b) and (b, a) get the same result."""

    def __init__(self, vector_size: int, hidden_size: int, dropout: float, num_labels: int) -> None:
        super().__init__()
        self.classifier = _Classifier(3 * vector_size, hidden_size, dropout, num_labels)

    def forward(self, vectors: Tensor) -> Tensor:
        """(examples, 2, vector) to (examples, labels)."""
        first, second = vectors[:, 0], vectors[:, 1]
        return self.classifier(torch.cat([first + second, (first - second).abs(), first * second], dim=1))
