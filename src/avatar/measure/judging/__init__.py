"""How students of each task are judged: scores, the decision that a bundle ships, and answers to examples."""

from collections.abc import Mapping

from avatar.data.records import Task
from avatar.measure.judging.answers import AnswerJudge
from avatar.measure.judging.base import Decided, Judge, Judged, TeacherOnTest
from avatar.measure.judging.vectors import BETWEEN, LANGUAGE, PairDecision, VectorJudge

JUDGES: Mapping[Task, Judge] = {
    Task.FUNCTION: AnswerJudge(),
    Task.PAIR: AnswerJudge(),
    Task.EMBEDDING: VectorJudge(),
}
"""The judge of each task."""

__all__ = ["BETWEEN", "JUDGES", "LANGUAGE", "Decided", "Judge", "Judged", "PairDecision", "TeacherOnTest"]
