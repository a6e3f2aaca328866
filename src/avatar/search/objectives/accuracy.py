"""How good a student's answers are."""

from typing import ClassVar

from avatar.search.objectives.base import OBJECTIVES, MeasuredObjective, TrainedCandidate


@OBJECTIVES.register("accuracy")
class Accuracy(MeasuredObjective):
    """Accuracy on valid, or what else `dataset.metric` names; in [0, 1]."""

    name: ClassVar[str] = "accuracy"
    title: ClassVar[str] = "accuracy"
    maximise: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    judges: ClassVar[bool] = True

    def measure(self, candidate: TrainedCandidate) -> float:
        """The score that its epoch was chosen by."""
        return candidate.score
