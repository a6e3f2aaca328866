"""The finals: a search's winner and its challengers are trained in full, and the cheapest that is as good is kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.logging import get_logger
from avatar.data.inference import predict_logits
from avatar.data.records import SplitName
from avatar.measure.decision import fit_decision
from avatar.measure.metrics import spoken
from avatar.measure.resampling import resampled_scores
from avatar.pipeline import stage_07_student
from avatar.pipeline.context import Context, Data
from avatar.pipeline.explore import Explored
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_07_student import Student
from avatar.search.finalists import challengers, cheapest_as_good, costs
from avatar.search.result import SearchResult, result_of
from avatar.search.run import objectives_of

log = get_logger("finals")


@dataclass(frozen=True)
class Finals:
    """The student that is kept, all that were trained in full with their scores on valid (0 to 1), and the reason.

    `sentence` is "" where the search's winner alone was trained.
    """

    student: Student
    finalists: tuple[Student, ...]
    scores: tuple[float, ...]
    sentence: str = ""


def run(context: Context, data: Data, labels: Labels, explored: Explored) -> Finals:
    """Train the winner, then `search.finalists` - 1 challengers, and keep one by the one-standard-error rule.

    Brief trainings and surrogates are noisy, and a student can collapse in the full training that did not in the brief
    one: the last word is had by full trainings on the whole of valid.
    """
    cfg = context.cfg
    first = stage_07_student.run(context, data, labels, explored.found.winner)
    if cfg.search.finalists == 1:
        return Finals(first, (first,), (float(first.artifact.values["valid_score"]),))
    objectives = objectives_of(cfg.search)
    answers = [_answers(context, data, first)]
    pool = _pool(context, explored)
    error = float(_resampled(context, data, answers).std(ddof=1))
    rivals = challengers(pool, objectives, explored.found.winner, error, cfg.search.finalists - 1)
    students = [first]
    for number, arch in enumerate(rivals, start=2):
        students.append(stage_07_student.run(context, data, labels, arch, f"finalist {number}"))
        answers.append(_answers(context, data, students[-1]))
    scores = np.array([student.artifact.values["valid_score"] for student in students])
    dear = costs(pool, objectives)[[pool.architectures.index(student.model.arch) for student in students]]
    kept, errors = cheapest_as_good(scores, _resampled(context, data, answers), dear)
    sentence = _sentence(students, scores, errors, kept, cfg.dataset.metric)
    log.info("%s", sentence)
    return Finals(students[kept], tuple(students), tuple(float(score) for score in scores), sentence)


def _pool(context: Context, explored: Explored) -> SearchResult:
    """The trained candidates and, where the surrogate is worth something, the front that it predicts."""
    measured, predicted = explored.found.measured, explored.found.result
    archs, values = list(measured.architectures), [measured.values]
    if explored.predictor.choice.beats_constant:
        new = [index for index in predicted.front if predicted.architectures[index] not in set(archs)]
        archs += [predicted.architectures[index] for index in new]
        values.append(predicted.values[new])
    return result_of(archs, np.concatenate(values), objectives_of(context.cfg.search), 0.0)


def _answers(context: Context, data: Data, student: Student) -> NDArray[np.int64]:
    """Labels (valid,) that the student gives, cut as the set's metric likes best."""
    corpus = data.corpus
    logits = predict_logits(student.model, student.tokens, corpus.members(SplitName.VALID))
    decision = fit_decision(logits, corpus.labels(SplitName.VALID), context.cfg.dataset.metric)
    return decision.labels(logits)


def _resampled(context: Context, data: Data, answers: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    corpus, split = data.corpus, SplitName.VALID
    return resampled_scores(
        np.stack(answers), corpus.labels(split), corpus.members(split), context.cfg.dataset.metric
    )


def _sentence(
    students: list[Student], scores: NDArray[np.float64], errors: NDArray[np.float64], kept: int, metric: str
) -> str:
    best = int(scores.argmax())
    shown = "; ".join(
        f"{student.model.arch} {spoken(score, metric)}"
        + ("" if place == best else f" ({_points(scores[best] - score)} +- {_points(error)} below the best)")
        for place, (student, score, error) in enumerate(zip(students, scores, errors, strict=True))
    )
    reason = (
        "the best, and no cheaper one is within one standard error of it"
        if kept == best
        else "the cheapest within one standard error of the best"
    )
    return (
        f"{len(students)} finalists trained in full, {metric} on valid: {shown}. Kept is {students[kept].model.arch}: "
        f"{reason} (functions resampled, as examples that share one are not independent)."
    )


def _points(share: float) -> str:
    return f"{100 * share:.2f}"
