"""How well the prior ranks architectures on a data set that it has not seen: leave-one-data-set-out on the table.

For every data set of the table, the prior learns from all others. It ranks the architectures of the one left out with
no training on it, and with eight (drawn at random, several times; the rest is ranked). Beside it stand the constant,
two surrogates that learn from the eight alone, and a second training of the same architectures: no surrogate can rank
better than that. Sets that are made of the same data are left out together.

    python benchmarks/surrogate_prior.py [--table FILE]
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, norm

from avatar.common.seeding import generator
from avatar.data.records import Task
from avatar.surrogate.background import Background, Situation
from avatar.surrogate.base import SURROGATES, to_logit
from avatar.surrogate.prior import Prior
from avatar.surrogate.trainings import Training, read_trainings
from common import store

DRAWS = 20
SEEN = (4, 8)
"""Trainings on the new data set."""
FEWEST = 6
"""Sessions with fewer architectures are not judged."""
LEFT = 4
"""Fewest architectures that are left to rank."""


def main() -> None:
    """Judge every session of the table, and store the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", help="a table beside the one in the package")
    trainings = read_trainings(parser.parse_args().table)
    sessions: dict[tuple[object, ...], list[Training]] = {}
    for training in trainings:
        sessions.setdefault(training.session, []).append(training)
    judged = [rows for rows in sessions.values() if len({row.arch for row in rows}) >= FEWEST]
    rows = [figures for session in judged for figures in _judge(session, trainings)]
    table = pd.DataFrame(rows)
    means = table.groupby(["seen", "surrogate"], sort=False).mean(numeric_only=True).reset_index()
    means.insert(0, "data set", "mean")
    store(
        pd.concat([table, means], ignore_index=True),
        "surrogate_prior",
        "The prior on data sets that it has not seen",
        [
            f"{len(trainings)} trainings in {len(sessions)} sessions; those with at least {FEWEST} architectures "
            "are judged. 'seen' is the number of trainings on the new data set; with some, figures are means over "
            f"{DRAWS} draws, and the others are ranked. 'tau' is Kendall's; 'tau of a repeat' is that between two "
            "seeds of the same architectures, a bound for every surrogate. 'regret' is how far the architecture that "
            "is ranked first is below the best one, in standard deviations of one training (of the log odds, from the "
            "repeated seeds of the set; empty if it has none). 'MAE' is in points, 'covered' the share of scores in "
            "the predicted 80 % interval, noise of a training included. All but the prior learn from the trainings on "
            "the new data set alone; they read the same columns.",
            "What it means: without a training on the new set, the prior is useful on small sets (stdlib, pairs), and "
            "useless on BigCloneBench, where windows of tokens help: all other sets of pairs in the table are small, "
            "and windows hurt there. A second large set would have to be recorded. With eight trainings, its error is "
            "the smallest, and its ranking is about as good as that of ridge regression. The goals (.5 with none, .7 "
            "with eight) are not reached on average. A second training of the stdlib students has a tau of .73.",
        ],
    )


def _family(training: Training) -> str:
    """What is left out together: all pairs made of the solutions are one set."""
    return training.name.split()[0]


def _judge(session: Sequence[Training], trainings: Sequence[Training]) -> list[dict[str, object]]:
    first = session[0]
    others = [training for training in trainings if _family(training) != _family(first)]
    task = Task.PAIR if first.about.arity == Task.PAIR.arity else Task.FUNCTION
    background = Background.of(others, Situation(first.about, first.examples, first.epochs), task)
    archs = sorted({training.arch for training in session}, key=str)
    scores = np.array([np.mean([row.score for row in session if row.arch == arch]) for arch in archs])
    rows, error = background.encode(archs), _noise(session)
    shared = {
        "data set": f"{first.name}, {first.examples} x {first.epochs}",
        "architectures": len(archs),
        "spread / noise": float(to_logit(scores).std() / error),
        "tau of a repeat": _repeat(session),
    }
    unseen = Prior(1, background).fit(rows[:0], np.empty(0))
    mean, _ = unseen.standardised(rows)
    found = [{**shared, "seen": 0, "surrogate": "prior", **_ranking(mean, scores, error)}]
    for seen in (number for number in SEEN if len(archs) - number >= LEFT):
        models: dict[str, Callable[[NDArray[np.int64]], _Fitted]] = {
            "constant": lambda drawn: _alone("constant", rows, scores, drawn),
            "ridge": lambda drawn: _alone("ridge", rows, scores, drawn),
            "gaussian_process": lambda drawn: _alone("gaussian_process", rows, scores, drawn),
            "prior": lambda drawn: Prior(1, background).fit(rows[drawn], scores[drawn]).predict(rows),
        }
        for name, fit in models.items():
            results = []
            for draw in range(DRAWS):
                order = generator(draw, "drawn", seen).permutation(len(archs))
                drawn, rest = order[:seen], order[seen:]
                mean, std = fit(drawn)
                results.append(
                    {
                        **_ranking(mean[rest], scores[rest], error),
                        "regret": _regret(mean, scores, drawn, error),
                        "MAE": 100 * float(np.abs(mean[rest] - scores[rest]).mean()),
                        "covered": _covered(mean[rest], std[rest], scores[rest], error),
                    }
                )
            averages = pd.DataFrame(results).mean().to_dict()
            found.append({**shared, "seen": seen, "surrogate": name, **averages})
            print(found[-1], flush=True)
    return found


_Fitted = tuple[NDArray[np.float64], NDArray[np.float64]]


def _alone(name: str, rows: NDArray[np.float64], scores: NDArray[np.float64], drawn: NDArray[np.int64]) -> _Fitted:
    return SURROGATES.get(name)(1).fit(rows[drawn], scores[drawn]).predict(rows)


def _ranking(mean: NDArray[np.float64], scores: NDArray[np.float64], error: float) -> dict[str, float]:
    tau = 0.0 if np.ptp(mean) == 0 else float(kendalltau(mean, scores).statistic)
    logits = to_logit(scores)
    return {"tau": tau, "regret": float(logits.max() - logits[mean == mean.max()].mean()) / error}


def _regret(mean: NDArray[np.float64], scores: NDArray[np.float64], drawn: NDArray[np.int64], error: float) -> float:
    """Of the architecture that is chosen: the best by its prediction, or by its score where that is known."""
    known = mean.copy()
    known[drawn] = scores[drawn]
    logits = to_logit(scores)
    return float(logits.max() - logits[known == known.max()].mean()) / error


def _covered(mean: NDArray[np.float64], std: NDArray[np.float64], scores: NDArray[np.float64], error: float) -> float:
    noise = error * scores * (1 - scores)
    if np.isnan(error):
        return float("nan")
    wide = norm.ppf(0.9) * np.sqrt(std**2 + noise**2)
    return float((np.abs(mean - scores) <= wide).mean())


def _noise(trainings: Sequence[Training]) -> float:
    """Standard deviation of the log odds of one training, from architectures that were trained with several seeds."""
    repeated: dict[tuple[object, ...], list[float]] = {}
    for training in trainings:
        repeated.setdefault((*training.session, training.arch), []).append(training.score)
    groups = [to_logit(np.asarray(scores)) for scores in repeated.values() if len(scores) > 1]
    degrees = sum(len(group) - 1 for group in groups)
    return (
        float(np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in groups) / degrees))
        if degrees
        else float("nan")
    )


def _repeat(session: Sequence[Training]) -> float:
    """Kendall's tau between the scores of two seeds, where at least four architectures have both; else NaN."""
    scores: dict[int, dict[object, float]] = {}
    for training in session:
        scores.setdefault(training.seed, {})[training.arch] = training.score
    taus = []
    for first, second in combinations(scores.values(), 2):
        both = [arch for arch in first if arch in second]
        if len(both) >= 4:
            taus.append(kendalltau([first[arch] for arch in both], [second[arch] for arch in both]).statistic)
    return float(np.mean(taus)) if taus else float("nan")


if __name__ == "__main__":
    main()
