"""The objective accuracy: how good a student's answers are."""

from typing import ClassVar

from avatar.search.objectives.base import OBJECTIVES, MeasuredObjective, TrainedCandidate


@OBJECTIVES.register("accuracy")
class Accuracy(MeasuredObjective):
    """The score on valid by `dataset.metric`, by default accuracy; in [0, 1]."""

    name: ClassVar[str] = "accuracy"
    title: ClassVar[str] = "accuracy"
    maximise: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    judges: ClassVar[bool] = True

    def measure(self, candidate: TrainedCandidate) -> float:
        """The score by which its epoch was chosen."""
        return candidate.score
