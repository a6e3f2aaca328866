"""From logits to an answer: a temperature for calibrated probabilities, and a threshold for label 1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.cuts import best_cut
from avatar.measure.calibration import fit_temperature, probabilities
from avatar.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Decision:
    """An example gets label 1 if its probability at `temperature` is at least `threshold`, as in a bundle."""

    temperature: float = 1.0
    threshold: float = 0.5

    @property
    def head(self) -> None:
        """None: only students whose answer is a vector have a calibrated head."""

    def labels(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Labels (examples,) of logits (examples, 2)."""
        return (probabilities(logits, self.temperature)[:, 1] >= self.threshold).astype(np.int64)


def fit_decision(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64], metric: str = "accuracy") -> Decision:
    """The best decision for `logits` (examples, 2) and true `labels` of valid.

    The threshold is 0.5 for a metric that needs no other. Else it is the best one on these examples, midway to the next
    lower probability, or 0.5 if no threshold is better than answers without information.
    """
    temperature = fit_temperature(logits, labels)
    facts = METRICS.get(metric)
    if not facts.tunes_threshold:
        return Decision(temperature)
    chances = probabilities(logits, temperature)[:, 1]
    cut = best_cut(chances, labels, metric)
    if facts.uninformed is not None and cut.score <= facts.uninformed:
        return Decision(temperature)
    below = chances[chances < cut.value].max(initial=0.0)
    return Decision(temperature, float(min(1.0, (cut.value + below) / 2)))
