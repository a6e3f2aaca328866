"""Genes of the training, which do not change the student's size."""

from typing import Any

from avatar.space.genes.base import Cost, Number


class HiddenDropout(Number):
    """Dropout of the hidden states and of the head."""

    name = "hidden_dropout"
    smallest = 0.0
    whole = False
    cost = Cost.NONE

    def problem(self, value: Any) -> str | None:
        """As for any number, and below 1."""
        return super().problem(value) or (f"{value!r} must be below 1" if value >= 1 else None)


class LearningRate(Number):
    """Peak learning rate."""

    name = "learning_rate"
    smallest = 1e-9
    whole = False
    cost = Cost.NONE


class BatchSize(Number):
    """Examples per step."""

    name = "batch_size"
    smallest = 1
    cost = Cost.NONE
