"""Successive halving (Jamieson and Talwalkar 2016): short trainings for all candidates, long ones for the best.

Each rung trains from the start: the learning rate falls over the epochs, so a long training that is stopped early
has another score than a short one. Scores of one rung can be compared, scores of two rungs cannot. For a candidate
that was dropped, the score at the last rung is estimated: its own score plus the mean gain of the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.config.schema import SurrogateConfig
from avatar.search.pareto import ranks
from avatar.surrogate.base import from_logit, to_logit

FEWEST = 2
"""At least this many candidates are promoted, so that the gain of a rung has a mean and a standard deviation."""


@dataclass(frozen=True)
class Rung:
    """One length of training: the share of the student's training examples, and the number of epochs."""

    share: float
    epochs: int


@dataclass(frozen=True)
class FinalScores:
    """Scores at the last rung, (n,): measured, or estimated with the standard error `deviation` (n,)."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    measured: NDArray[np.bool_]


def schedule(config: SurrogateConfig) -> list[Rung]:
    """The rungs, cheapest first; the last is the full training of a candidate.

    Each costs `halving_factor` times less than the next. Epochs are reduced first, down to one, then the share of the
    examples, so that examples x epochs is exact.
    """
    rungs = []
    for remaining in reversed(range(config.halving_rungs)):
        cost = config.epochs / config.halving_factor**remaining
        epochs = max(1, math.ceil(cost - 1e-9))
        rungs.append(Rung(config.share * (cost / epochs), epochs))
    return rungs


def promoted(scores: Sequence[float], megabytes: Sequence[float], keep: float) -> list[int]:
    """Sorted indices of the promoted candidates: a share of `keep`, rounded up, at least `FEWEST`.

    They are the best by Pareto rank in accuracy and size, and of equal rank the more accurate. By accuracy alone, only
    the largest would be promoted, and nothing would be known about the small end of the front.
    """
    accuracy = np.asarray(scores, dtype=np.float64)
    rank = ranks(np.stack([-accuracy, np.asarray(megabytes, dtype=np.float64)], axis=1))
    count = min(len(accuracy), max(FEWEST, math.ceil(keep * len(accuracy) - 1e-9)))
    order = np.lexsort((np.arange(len(accuracy)), -accuracy, rank))
    return sorted(order[:count].tolist())


def final_scores(ladders: Sequence[Sequence[float]], rungs: int) -> FinalScores:
    """The score of each candidate at the last of `rungs`, from its scores at the rungs that it was trained on.

    Assumption: from one rung to the next, all candidates gain the same in log odds, up to a normal error. A dropped
    candidate gets the mean gain of the promoted ones; the variances of the gains, summed over the rungs, give its
    deviation. One number per rung is all that few candidates can teach, and it keeps the order of the dropped ones.
    The estimate is a little low: promoted candidates had good luck on average, so they gain less later.
    """
    logits = [to_logit(np.asarray(ladder, dtype=np.float64)) for ladder in ladders]
    gain, variance = np.zeros(rungs), np.zeros(rungs)
    for rung in range(rungs - 1):
        gains = np.asarray([scores[rung + 1] - scores[rung] for scores in logits if len(scores) > rung + 1])
        if len(gains):
            gain[rung] = gains.mean()
            variance[rung] = gains.var(ddof=1) if len(gains) > 1 else 0.0
    mean, deviation = np.zeros(len(ladders)), np.zeros(len(ladders))
    for row, (ladder, scores) in enumerate(zip(ladders, logits, strict=True)):
        mean[row] = ladder[-1]
        if len(ladder) < rungs:
            last = len(ladder) - 1
            moved = np.asarray([scores[-1] + gain[last:].sum()])
            (mean[row],), (deviation[row],) = from_logit(moved, np.sqrt([variance[last:].sum()]))
    return FinalScores(mean, deviation, np.asarray([len(ladder) == rungs for ladder in ladders], dtype=bool))


def saved_share(climbed: Sequence[int], rungs: Sequence[Rung]) -> float:
    """Saved share of the cost of full trainings for all candidates; `climbed` (n,) counts the rungs of each.

    The cost is examples x epochs, summed over all rungs of a candidate. Negative where the short trainings cost more
    than they save.
    """
    costs = np.cumsum([rung.share * rung.epochs for rung in rungs])
    spent = sum(float(costs[count - 1]) for count in climbed)
    return 1.0 - spent / (len(climbed) * rungs[-1].share * rungs[-1].epochs)
