"""The results of all stages of a job, from which its report is made."""

from dataclasses import dataclass

from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_02_teacher import Teacher
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate
from avatar.pipeline.stage_09_search import Searched
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.pipeline.stage_11_finals import Finals
from avatar.pipeline.stage_13_measure import Measured
from avatar.space.space import SearchSpace


@dataclass(frozen=True)
class Results:
    """The results of all stages.

    `timed` are the measured milliseconds of the search's winner and the runners-up, with random weights. `compressor`
    is the student of Compressor's rule, a baseline.
    """

    data: Data
    teacher: Teacher
    labels: Labels
    space: SearchSpace
    latency: MeasuredLatency
    candidates: tuple[Candidate, ...]
    surrogate: FittedSurrogate
    searched: Searched
    timed: tuple[float, ...]
    finals: Finals
    measured: Measured
    compressor: TrainedStudent | None = None

    @property
    def student(self) -> TrainedStudent:
        """The student that is kept."""
        return self.finals.student

    @property
    def collapses(self) -> list[str]:
        """A sentence for each student of which a training collapsed, and one for the candidates."""
        students = [*self.finals.finalists, *([self.compressor] if self.compressor is not None else [])]
        told = [student.sentence for student in students if student.sentence]
        count = sum(bool(candidate.collapse) for candidate in self.candidates)
        if count:
            told.append(
                f"The short training of {count} of the {len(self.candidates)} candidates collapsed: at its end, they "
                "gave the same answer to every example of valid."
            )
        return told
