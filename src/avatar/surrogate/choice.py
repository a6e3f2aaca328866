"""Chooses the surrogate of a search: the best by cross-validation, or the constant predictor where none is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.logging import get_logger
from avatar.config.schema import SurrogateConfig
from avatar.surrogate.background import Background
from avatar.surrogate.base import SURROGATES, Surrogate, informed, make_surrogate
from avatar.surrogate.validation import CrossValidation, cross_validate

log = get_logger("surrogate")


@dataclass(frozen=True)
class SurrogateChoice:
    """The chosen surrogate, fitted on all observations.

    `validation` has the cross-validations by name of the surrogate; it is empty with too few observations. `sentence`
    is for the report. `judged` is the cross-validation of the surrogate in the sentence: where none beats the constant
    predictor, the best of the others. `collapsed` (n,) marks students whose training failed.
    """

    name: str
    model: Surrogate
    validation: Mapping[str, CrossValidation]
    beats_constant: bool
    collapsed: NDArray[np.bool_]
    sentence: str
    judged: CrossValidation | None = None


@dataclass(frozen=True)
class Lesson:
    """Recorded trainings, and the rows (n, columns) of the observations as `Background.encode` gives them."""

    background: Background
    rows: NDArray[np.float64]


def choose(
    config: SurrogateConfig,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    seed: int,
    floor: float | None = None,
    lesson: Lesson | None = None,
) -> SurrogateChoice:
    """Choose and fit a surrogate for encodings (n, d) and accuracies (n,).

    `auto` considers the surrogates whose error is within one standard error of the smallest, and takes the one with
    the largest Kendall's tau. It takes the constant predictor instead, unless that one is better by more than the
    standard error of the difference. A surrogate given by name is used in any case; see `beats_constant`. With fewer
    than `config.minimum` observations, the constant predictor is used. `floor` is the score of the best constant
    classifier, None where it is not known. Informed surrogates get the rows of `lesson`; without one, `auto` leaves
    them out, and one that is given by name learns from the observations alone.
    """
    failed = collapsed(y, floor)
    note = _failures(failed, floor)
    if len(y) < config.minimum:
        sentence = (
            f"{len(y)} trained architectures are fewer than the {config.minimum} that a surrogate needs, "
            "so the constant predictor is used. It gives every architecture the same value, so its predictions have no "
            "effect on the search."
        )
        return _fitted("constant", X, y, seed, lesson, {}, None, failed, sentence + note)
    names = [config.name]
    if config.name == "auto":
        names = [name for name in SURROGATES if name != "constant" and (lesson is not None or not informed(name))]
    background = lesson.background if lesson is not None else None
    validation = {
        name: cross_validate(name, _rows(name, X, lesson), y, config.folds, config.repeats, seed, background)
        for name in ["constant", *(name for name in names if name != "constant")]
    }
    for name, result in validation.items():
        log.info(
            "surrogate %s: %s, Kendall's tau (agreement of the ranking, -1 to 1) %.2f",
            name,
            result.compared,
            result.kendall_tau,
        )
    best = _best([validation[name] for name in names])
    numbers = (
        f"{best.compared}, Kendall's tau (agreement of the ranking, -1 to 1) {best.kendall_tau:.2f}, "
        f"{config.repeats} x {config.folds}-fold cross-validation on {len(y)} students"
    )
    if best.beats_constant:
        sentence = f"The surrogate is {_title(best.name)}: {numbers}."
    elif config.name == "auto":
        sentence = (
            "No surrogate beats the constant predictor, which gives every architecture the same value. So predictions "
            f"have no effect on the search. The best surrogate is {_title(best.name)}: {numbers}."
        )
    else:
        sentence = (
            f"The surrogate is {_title(best.name)}, as configured, "
            f"but it does not beat the constant predictor: {numbers}."
        )
    name = best.name if best.beats_constant or config.name != "auto" else "constant"
    if informed(name):
        sentence += _recorded(lesson)
    return _fitted(name, X, y, seed, lesson, validation, best, failed, sentence + note)


def refitted(
    described: Mapping[str, Any],
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    seed: int,
    lesson: Lesson | None = None,
) -> SurrogateChoice:
    """The choice that `choose` made for the same observations; `described` has its fields without `model`."""
    name = str(described["name"])
    return SurrogateChoice(
        name,
        _model(name, X, y, seed, lesson),
        {other: CrossValidation.from_plain(values) for other, values in described["validation"].items()},
        bool(described["beats_constant"]),
        np.asarray(described["collapsed"], dtype=bool),
        str(described["sentence"]),
        CrossValidation.from_plain(described["judged"]) if described["judged"] else None,
    )


TOLERANCE = 1e-6
"""Scores are compared with this tolerance: the training logs them in single precision."""


def collapsed(y: NDArray[np.float64], floor: float | None = None) -> NDArray[np.bool_]:
    """Which students learned nothing: their score is at most `floor`, the score of the best constant classifier.

    Without `floor`, it is the highest score below the median that at least three students and a tenth of all have
    exactly. Students that always give the same answer have equal scores, other students almost never.
    """
    if floor is None:
        scores, counts = np.unique(y, return_counts=True)
        shared = scores[(counts >= max(3, 0.1 * len(y))) & (scores < np.median(y))]
        floor = float(shared.max()) if len(shared) else -np.inf
    return np.asarray(y <= floor + TOLERANCE)


def _failures(failed: NDArray[np.bool_], floor: float | None) -> str:
    if not failed.any():
        return ""
    count = f" {failed.sum()} of {len(failed)} students"
    if floor is None:
        return f"{count} collapsed in training (they always give the same answer)."
    return f"{count} are no better than one constant answer ({100 * floor:.2f} %), so their training failed."


def _best(results: list[CrossValidation]) -> CrossValidation:
    least = min(results, key=lambda result: result.mae)

    def as_good(result: CrossValidation) -> bool:
        difference = result.errors - least.errors
        return bool(difference.mean() <= difference.std(ddof=1) / np.sqrt(len(difference)))

    return max((result for result in results if as_good(result)), key=lambda result: result.kendall_tau)


def _fitted(
    name: str,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    seed: int,
    lesson: Lesson | None,
    validation: Mapping[str, CrossValidation],
    judged: CrossValidation | None,
    failed: NDArray[np.bool_],
    sentence: str,
) -> SurrogateChoice:
    model = _model(name, X, y, seed, lesson)
    beats = judged is not None and judged.beats_constant
    return SurrogateChoice(name, model, validation, beats, failed, sentence, judged)


def _model(name: str, X: NDArray[np.float64], y: NDArray[np.float64], seed: int, lesson: Lesson | None) -> Surrogate:
    background = lesson.background if lesson is not None else None
    return make_surrogate(name, seed, background).fit(_rows(name, X, lesson), y)


def _rows(name: str, X: NDArray[np.float64], lesson: Lesson | None) -> NDArray[np.float64]:
    return lesson.rows if lesson is not None and informed(name) else X


def _recorded(lesson: Lesson | None) -> str:
    if lesson is None:
        return " It learned from these students alone, as no recorded trainings can be used here."
    background = lesson.background
    count, sessions = len(background.targets), len(background.situations) - 1
    return f" It also learned from {count} recorded trainings in {sessions} series on other or the same data."


def _title(name: str) -> str:
    return name.replace("_", " ")
