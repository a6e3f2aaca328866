"""What any student must beat: predictors that cost nothing, trained on the rows that the student saw."""

from avatar.measure.baselines.evaluate import BASELINES, MAX_CHARACTERS, evaluate_baselines, titles

__all__ = ["BASELINES", "MAX_CHARACTERS", "evaluate_baselines", "titles"]
