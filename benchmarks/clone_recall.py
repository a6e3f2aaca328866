"""Recall by kind of clone at the same share of false positives, of methods with scores and of detectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from clone_data import ALL_KINDS, CloneSet
from clone_detectors import Detector
from clone_methods import METHODS, Encode
from numpy.typing import NDArray

from avatar.metrics.ranking import recall_at

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Rate:
    """A share of false positives among pairs of one sort."""

    title: str
    share: float


RATES = {
    "elsewhere": Rate("1 of 10,000 random pairs of functions in different projects", 1e-4),
    "siblings": Rate("1 of 100 pairs of different functions of one file", 1e-2),
    "unlike": Rate(
        "1 of 100 pairs of different functions of one file that are no clones of type 2 (equal but for all names, "
        "numbers and strings) and no strong clones of type 3 (70 % of the tokens in the same order)",
        1e-2,
    ),
}
"""By name of the sort of pairs, in the order of the report."""


@dataclass(frozen=True)
class Result:
    """What one method finds in one language at one rate: `recall` by kind, and the `false_positives` as measured.

    With `as_reported`, a pair is found if the detector reports it; its false positives are then what they are.
    """

    language: str
    title: str
    rate: str
    recall: Mapping[str, float]
    false_positives: float
    as_reported: bool = False


@dataclass(frozen=True)
class Sizes:
    """How many functions and pairs the slow methods and the detectors get."""

    functions: int = 200
    clones: int = 40
    siblings: int = 400
    detector_clones: int = 50
    detector_siblings: int = 150


def method_results(
    clones: CloneSet, methods: Mapping[str, Encode], sizes: Sizes, slow_in: Sequence[str]
) -> list[Result]:
    """A result for each method and rate. A slow method gets a part of the functions, of the languages in `slow_in`."""
    results = []
    for name, encode in methods.items():
        method = METHODS[name]
        if method.slow and clones.language not in slow_in:
            continue
        part = clones.smaller(sizes.functions, sizes.clones, sizes.siblings) if method.slow else clones
        encoded = encode(part.codes, [part.language] * len(part.codes))
        found = {kind: encoded.scores(*part.pairs(kind)) for kind in ALL_KINDS}
        others = _others(part, encoded.scores(*part.elsewhere), encoded.scores(*part.siblings))
        title = f"{method.title} (a part)" if method.slow else method.title
        results += [_at_rate(clones.language, title, rate, found, others[rate]) for rate in RATES]
    return results


def detector_results(clones: CloneSet, detectors: Sequence[Detector], sizes: Sizes) -> list[Result]:
    """Results of each detector that knows the language.

    Clones and siblings are compared in a run for each pair, and pairs of different projects in one run with all
    originals, where a detector does not list each pair of several similar functions.
    """
    part = clones.smaller(clones.originals, sizes.detector_clones, sizes.detector_siblings)
    results = []
    for detector in detectors:
        if part.language not in detector.languages:
            continue
        found = {kind: detector.pair_scores(part.codes, part.pairs(kind), part.language) for kind in ALL_KINDS}
        siblings = detector.pair_scores(part.codes, part.siblings, part.language)
        report = detector.report(dict(enumerate(part.codes[: part.originals])), part.language)
        pairs = zip(*(side.tolist() for side in part.elsewhere), strict=True)
        elsewhere = np.array([report.get(pair, 0.0) for pair in pairs], dtype=np.float32)
        others = _others(part, elsewhere, siblings)
        for rate, scores in others.items():
            recall = {kind: _mean(found[kind] > 0) for kind in ALL_KINDS}
            results.append(Result(part.language, detector.title, rate, recall, _mean(scores > 0), as_reported=True))
            if detector.scored:
                title = f"{detector.title}, by the part covered"
                results.append(_at_rate(part.language, title, rate, found, scores))
    return results


def mean_results(results: Sequence[Result]) -> list[Result]:
    """The mean over languages of each method and rate; the title says over how many, if not over all."""
    languages = {one.language for one in results}
    means = []
    for title, rate in dict.fromkeys((one.title, one.rate) for one in results):
        mine = [one for one in results if (one.title, one.rate) == (title, rate)]
        recall = {
            kind: float(np.mean([one.recall[kind] for one in mine if not np.isnan(one.recall[kind])] or [np.nan]))
            for kind in ALL_KINDS
        }
        name = title if len(mine) == len(languages) else f"{title}: {', '.join(one.language for one in mine)} only"
        wrong = float(np.mean([one.false_positives for one in mine]))
        means.append(Result("mean", name, rate, recall, wrong, mine[0].as_reported))
    return means


OURS = "Avatar's student"
"""How the titles of our own methods begin."""
MORE = 0.0005
"""A share of found clones is higher than another if it is so even after rounding to a tenth of a percent."""


def ahead_of(mine: Result, results: Sequence[Result]) -> dict[str, tuple[str, float]]:
    """By kind, the method of others that finds most, if it finds more than `mine`, and how much it finds.

    Only methods with no more false positives than the rate allows are compared, in the same language and at the same
    rate; the small parts that slow methods get are compared too.
    """
    allowed = RATES[mine.rate].share * 1.05
    others = [
        one
        for one in results
        if (one.language, one.rate) == (mine.language, mine.rate)
        and not one.title.startswith(OURS)
        and one.false_positives <= allowed
    ]
    found = {}
    for kind, share in mine.recall.items():
        best = max(others, key=lambda one: np.nan_to_num(one.recall[kind], nan=-1.0), default=None)
        if best is not None and best.recall[kind] - share > MORE:
            found[kind] = (best.title, best.recall[kind])
    return found


def _others(part: CloneSet, elsewhere: Scores, siblings: Scores) -> dict[str, Scores]:
    """Scores of the pairs that are no clones, by rate."""
    return {"elsewhere": elsewhere, "siblings": siblings, "unlike": siblings[part.unlike]}


def _at_rate(language: str, title: str, rate: str, found: Mapping[str, Scores], others: Scores) -> Result:
    share = RATES[rate].share
    recall = {kind: recall_at(scores, others, share) if len(scores) else np.nan for kind, scores in found.items()}
    allowed = int(np.floor(share * len(others) + 1e-9))
    highest = np.sort(others)[::-1][allowed] if allowed < len(others) else -np.inf
    return Result(language, title, rate, recall, _mean(others > highest))


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
