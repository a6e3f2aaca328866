"""How closely a student follows its teacher."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from avatar.measure.metrics import hard


@dataclass(frozen=True, slots=True)
class Fidelity:
    """`agreement`: share of examples with the same predicted label; `kl`: KL(teacher || student) in nats.

    `kl` is None if the teacher gave labels only.
    """

    agreement: float
    kl: float | None

    def as_dict(self) -> dict[str, float]:
        """Values by MLflow name, without those that were not measured."""
        values = {"fidelity/agreement": self.agreement}
        return values if self.kl is None else {**values, "fidelity/kl": self.kl}


def agreement(student: NDArray[Any], teacher: NDArray[Any]) -> float:
    """Share of examples with the same predicted label; both in any form that `metrics.hard` accepts."""
    return float((hard(np.asarray(student)) == hard(np.asarray(teacher))).mean())


def kl(student: NDArray[np.floating[Any]], teacher: NDArray[np.floating[Any]]) -> float:
    """Mean KL(teacher || student) in nats, from logits or log-probabilities (examples, labels) of both."""
    log_teacher = log_softmax(teacher.astype(np.float64), axis=1)
    log_student = log_softmax(student.astype(np.float64), axis=1)
    probability = np.exp(log_teacher)
    with np.errstate(invalid="ignore"):
        terms = np.where(probability > 0, probability * (log_teacher - log_student), 0.0)
    return float(max(0.0, terms.sum(axis=1).mean()))
