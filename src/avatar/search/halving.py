"""Successive halving (Jamieson and Talwalkar 2016): short trainings for all candidates, long ones for the best.

Each rung trains from the start, as a learning rate that falls over the epochs gives a training that was
stopped early another score than a short one. So scores of one rung are comparable, and those of two rungs are
not: what a candidate that was left behind would have reached is its own score moved by what the others gained.
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
"""Candidates that go on at least, so that what a rung gains has a mean and a deviation."""


@dataclass(frozen=True)
class Rung:
    """One length of training: the share of the student's examples, and the passes over them."""

    share: float
    epochs: int


@dataclass(frozen=True)
class FinalScores:
    """Scores at the last rung, (n,): measured where `deviation` (n,) is 0, else estimated with that error."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    measured: NDArray[np.bool_]


def schedule(config: SurrogateConfig) -> list[Rung]:
    """The rungs, cheapest first; the last is the full brief training.

    Each costs `halving_factor` times less than the next. Epochs are cut first, down to one, and the share of
    the examples takes the rest, so that examples x epochs come out exactly.
    """
    rungs = []
    for left in reversed(range(config.halving_rungs)):
        cost = config.epochs / config.halving_factor**left
        epochs = max(1, math.ceil(cost - 1e-9))
        rungs.append(Rung(config.share * (cost / epochs), epochs))
    return rungs


def promoted(scores: Sequence[float], megabytes: Sequence[float], keep: float) -> list[int]:
    """Places of the candidates that go on, in their order: a share of `keep`, rounded up, at least two.

    By their rank in the trade-off of accuracy and size, and of equal rank the more accurate: by accuracy alone
    only the largest would go on, and the small end of the front would stay unknown.
    """
    accuracy = np.asarray(scores, dtype=np.float64)
    rank = ranks(np.stack([-accuracy, np.asarray(megabytes, dtype=np.float64)], axis=1))
    count = min(len(accuracy), max(FEWEST, math.ceil(keep * len(accuracy) - 1e-9)))
    order = np.lexsort((np.arange(len(accuracy)), -accuracy, rank))
    return sorted(order[:count].tolist())


def final_scores(ladders: Sequence[Sequence[float]], rungs: int) -> FinalScores:
    """What each candidate reaches at the last of `rungs`, from its scores at the first ones that it was on.

    From one rung to the next all are taken to gain the same in log odds, up to a normal error: the mean gain
    of those that went on moves the others, and its deviation, added up in squares over the rungs, is theirs.
    One number a rung is what a handful of candidates can teach, and it keeps the order of those left behind.
    As those that go on were lucky rather than not, their gain, and so the estimate, is a little low.
    """
    logits = [to_logit(np.asarray(ladder, dtype=np.float64)) for ladder in ladders]
    gain, variance = np.zeros(rungs), np.zeros(rungs)
    for rung in range(rungs - 1):
        gains = np.asarray([scores[rung + 1] - scores[rung] for scores in logits if len(scores) > rung + 1])
        if len(gains):
            gain[rung] = gains.mean()
            variance[rung] = gains.var(ddof=1) if len(gains) > 1 else 0.0
    mean, deviation = np.zeros(len(ladders)), np.zeros(len(ladders))
    for place, (ladder, scores) in enumerate(zip(ladders, logits, strict=True)):
        mean[place] = ladder[-1]
        if len(ladder) < rungs:
            last = len(ladder) - 1
            moved = np.asarray([scores[-1] + gain[last:].sum()])
            (mean[place],), (deviation[place],) = from_logit(moved, np.sqrt([variance[last:].sum()]))
    return FinalScores(mean, deviation, np.asarray([len(ladder) == rungs for ladder in ladders], dtype=bool))


def saved_share(climbed: Sequence[int], rungs: Sequence[Rung]) -> float:
    """Share of the cost that training all candidates in full would have taken; `climbed` (n,) counts rungs.

    Cost is examples x epochs, over all rungs that a candidate was on. Negative where the short trainings cost
    more than they save.
    """
    costs = np.cumsum([rung.share * rung.epochs for rung in rungs])
    spent = sum(float(costs[count - 1]) for count in climbed)
    return 1.0 - spent / (len(climbed) * rungs[-1].share * rungs[-1].epochs)
