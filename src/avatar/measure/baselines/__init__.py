"""The baselines of a student: cheap predictors, trained on the student's examples, and cheap similarities."""

from avatar.measure.baselines.evaluate import BASELINES, MAX_CHARACTERS, evaluate_baselines, titles
from avatar.measure.baselines.similarities import VECTOR_BASELINES, evaluate_vector_baselines

__all__ = [
    "BASELINES",
    "MAX_CHARACTERS",
    "VECTOR_BASELINES",
    "evaluate_baselines",
    "evaluate_vector_baselines",
    "titles",
]
