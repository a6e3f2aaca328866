"""How a model's logits become an answer: a temperature for honest probabilities, and a threshold for label 1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.cuts import best_cut
from avatar.data.metrics import METRICS
from avatar.measure.calibration import fit_temperature, probabilities


@dataclass(frozen=True, slots=True)
class Decision:
    """An example gets label 1 where its probability at `temperature` is at least `threshold`, as in a bundle."""

    temperature: float = 1.0
    threshold: float = 0.5

    def labels(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Labels (examples,) of logits (examples, 2)."""
        return (probabilities(logits, self.temperature)[:, 1] >= self.threshold).astype(np.int64)


def fit_decision(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> Decision:
    """The decision that suits `logits` (examples, 2) of valid, whose true `labels` are given.

    For a metric that tunes no threshold it stays 0.5: probabilities mean what they say then. For any other it is the
    best one on these examples, midway to the next lower probability; 0.5 too where no threshold tells anything.
    """
    temperature = fit_temperature(logits, labels)
    judge = METRICS.get(metric)
    if not judge.tunes_threshold:
        return Decision(temperature)
    chances = probabilities(logits, temperature)[:, 1]
    cut = best_cut(chances, labels, metric)
    if judge.uninformed is not None and cut.score <= judge.uninformed:
        return Decision(temperature)
    below = chances[chances < cut.value].max(initial=0.0)
    return Decision(temperature, float(min(1.0, (cut.value + below) / 2)))
