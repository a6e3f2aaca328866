"""The finals: a search's winner and its challengers learn with the whole recipe, and the cheapest as good is kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DivergedError
from avatar.common.logging import get_logger
from avatar.data.inference import predict_logits
from avatar.data.metrics import METRICS
from avatar.data.records import SplitName
from avatar.measure.decision import fit_decision
from avatar.measure.metrics import classification, spoken
from avatar.measure.standard_error import influences, standard_error
from avatar.pipeline import stage_07_student
from avatar.pipeline.context import Context, Data
from avatar.pipeline.explore import Explored
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_07_student import Student
from avatar.search.finalists import challengers, cheapest_as_good, costs
from avatar.search.result import SearchResult, result_of
from avatar.search.run import objectives_of
from avatar.space.architecture import Architecture

log = get_logger("finals")


@dataclass(frozen=True)
class Finalist:
    """A student with the whole recipe's training, its answers on valid (examples,) and its score there (0 to 1)."""

    student: Student
    answers: NDArray[np.int64]
    score: float

    @property
    def name(self) -> str:
        """The architecture with what its own name leaves out."""
        arch = self.student.model.arch
        narrow = f" factorised at {arch.embedding_size}," if arch.embedding_size else ""
        return f"{arch},{narrow} of at most {arch.max_length} tokens"


@dataclass(frozen=True)
class Finals:
    """The student that is kept, everyone that was trained for it, and the reason; "" where there was one alone."""

    student: Student
    finalists: tuple[Finalist, ...]
    sentence: str = ""


def run(context: Context, data: Data, labels: Labels, explored: Explored) -> Finals:
    """Train the search's winner, then its challengers up to `search.finalists`, and keep one.

    Brief trainings and surrogates are noisy, and a student can collapse with the whole recipe that did not in the brief
    training: the last word is had by the score on valid after the whole training, one of each finalist. Only
    search.rule=accurate leaves such a choice. A training that diverges is out; the last one's error is raised where all
    of them do.
    """
    cfg, first = context.cfg, explored.found.winner
    if cfg.search.finalists == 1 or cfg.search.rule != "accurate":
        winner = _train(context, data, labels, first, "student")
        return Finals(winner.student, (winner,))
    pool, objectives = _pool(context, explored), objectives_of(cfg.search)
    finalists: list[Finalist] = []
    failures: list[DivergedError] = []
    waiting = [first]
    for number in range(1, cfg.search.finalists + 1):
        if not waiting:
            break
        try:
            finalists.append(_train(context, data, labels, waiting.pop(0), f"finalist {number}"))
        except DivergedError as error:
            log.warning("finalist %d is out: %s", number, error.message)
            failures.append(error)
        if number == 1:
            spread = _errors(context, data, finalists)[0] if finalists else 0.0
            waiting = list(challengers(pool, objectives, first, spread, cfg.search.finalists - 1))
    if not finalists:
        raise failures[-1]
    out = "".join(f"Out: {error.message}. " for error in failures)
    if len(finalists) == 1:
        return Finals(finalists[0].student, tuple(finalists), out.strip())
    errors = _errors(context, data, finalists, apart=True)
    scores = np.array([finalist.score for finalist in finalists])
    places = [pool.architectures.index(finalist.student.model.arch) for finalist in finalists]
    kept = cheapest_as_good(scores, errors, costs(pool, objectives)[places])
    sentence = out + _sentence(finalists, errors, kept, cfg.dataset.metric)
    log.info("%s", sentence)
    return Finals(finalists[kept].student, tuple(finalists), sentence)


def _train(context: Context, data: Data, labels: Labels, arch: Architecture, label: str) -> Finalist:
    corpus, metric = data.corpus, context.cfg.dataset.metric
    student = stage_07_student.run(context, data, labels, arch, label)
    truth = corpus.labels(SplitName.VALID)
    logits = predict_logits(student.model, student.tokens, corpus.members(SplitName.VALID))
    answers = fit_decision(logits, truth, metric).labels(logits)
    return Finalist(student, answers, getattr(classification(truth, answers), metric))


def _pool(context: Context, explored: Explored) -> SearchResult:
    """The trained candidates and, where the surrogate is worth something, the front that it predicts."""
    measured, predicted = explored.found.measured, explored.found.result
    archs, values = list(measured.architectures), [measured.values]
    if explored.predictor.choice.beats_constant:
        known = set(archs)
        new = [index for index in predicted.front if predicted.architectures[index] not in known]
        archs += [predicted.architectures[index] for index in new]
        values.append(predicted.values[new])
    return result_of(archs, np.concatenate(values), objectives_of(context.cfg.search), 0.0)


def _errors(context: Context, data: Data, finalists: list[Finalist], apart: bool = False) -> NDArray[np.float64]:
    """Standard errors (finalists,) of the scores on valid, or with `apart` of their distances to the best score."""
    corpus, metric = data.corpus, context.cfg.dataset.metric
    truth, members = corpus.labels(SplitName.VALID), corpus.members(SplitName.VALID)
    pulls = [influences(finalist.answers, truth, metric) for finalist in finalists]
    best = pulls[int(np.argmax([finalist.score for finalist in finalists]))]
    return np.array([standard_error(best - pull if apart else pull, members) for pull in pulls])


def _sentence(finalists: list[Finalist], errors: NDArray[np.float64], kept: int, metric: str) -> str:
    best = max(range(len(finalists)), key=lambda place: finalists[place].score)
    shown = "; ".join(
        f"{finalist.name} {spoken(finalist.score, metric)}"
        + ("" if place == best else f" ({_below(finalists[best].score - finalist.score, error, metric)})")
        for place, (finalist, error) in enumerate(zip(finalists, errors, strict=True))
    )
    reason = (
        "the best, and no other saves anything within one standard error of it"
        if kept == best
        else "it saves most within one standard error of the best"
    )
    return (
        f"{len(finalists)} finalists with the whole recipe, {metric} on valid, one training each: {shown}. Kept is "
        f"{finalists[kept].name}: {reason} (examples that share a function are not independent)."
    )


def _below(distance: float, error: float, metric: str) -> str:
    shown = METRICS.get(metric)
    return f"{shown.scale * distance:{shown.form}} +- {shown.scale * error:{shown.form}} below the best"
