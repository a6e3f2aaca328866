"""The baselines of a student: cheap predictors, trained on the student's examples."""

from avatar.measure.baselines.evaluate import BASELINES, MAX_CHARACTERS, evaluate_baselines, titles

__all__ = ["BASELINES", "MAX_CHARACTERS", "evaluate_baselines", "titles"]
