"""Fits the calibrated head of an embedding student, and measures whether its probabilities are right."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from avatar.bundle.pair_head import PairHead, languages_differ, length_ratios
from avatar.metrics.pairs_of_vectors import NATURAL_RATE
from avatar.metrics.vector_space import Rows, VectorSpace

HARDEST = 200_000
"""Number of the most similar other pairs that are all used for the fit."""
RANDOM = 200_000
"""Number of further other pairs, drawn at random; each stands for many."""
QUANTILES = (0.02, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Quantiles of the clones' cosines where the log-odds may get steeper."""
STRUCTURE_KNOTS = (0.0, 0.6, 0.8, 0.9, 0.97, 0.99)
"""Cosines of the block `structure` where the log-odds may get steeper."""
OVERLAP_KNOTS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)
"""Overlaps of sketches where the log-odds may get steeper."""
RIDGE = 1e-6
"""Weight of the squares of all parameters but the bias. It only matters where the data determines nothing."""


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of functions with the facts that the head reads, each (pairs,), and whether they are clones.

    `weights` (pairs,) is how many pairs of a code base each stands for; clones are `base_rate` of their sum.
    `structures` (pairs,) are the cosines of the block `structure`, and `overlaps` (pairs, kinds) those of the
    sketches, if the student has them.
    """

    cosines: NDArray[np.floating[Any]]
    length_ratios: NDArray[np.float64]
    other_language: NDArray[np.bool_]
    clones: NDArray[np.bool_]
    weights: NDArray[np.float64]
    structures: NDArray[np.floating[Any]] | None = None
    overlaps: NDArray[np.floating[Any]] | None = None

    def probabilities(self, head: PairHead) -> NDArray[np.float64]:
        """The probability of a clone by `head`, (pairs,)."""
        return head.probability(self.cosines, self.length_ratios, self.other_language, self.structures, self.overlaps)


def natural_weights(clones: NDArray[np.bool_], base_rate: float = NATURAL_RATE) -> NDArray[np.float64]:
    """Weights (pairs,) with sum 1 by which `base_rate` of all pairs are clones (importance weighting)."""
    count = int(clones.sum())
    if not 0 < count < len(clones):
        raise ValueError(f"{count} of {len(clones)} pairs are clones; pairs of both kinds are needed")
    return np.where(clones, base_rate / count, (1 - base_rate) / (len(clones) - count))


def labelled_pairs(space: VectorSpace, lengths: NDArray[np.int64], base_rate: float = NATURAL_RATE) -> LabelledPairs:
    """The pairs of a space whose functions have `lengths` (n,) characters, with natural weights.

    Of the other pairs, the most similar ones and a random part of the rest are kept.
    """
    pairs = space.pairs
    other_rows, weight = pairs.other_rows, np.full(len(pairs.others), 1.0)
    cosines = pairs.others
    if len(cosines) > HARDEST + RANDOM:
        order = np.argpartition(-cosines, HARDEST)
        drawn = np.random.default_rng(0).choice(order[HARDEST:], RANDOM, replace=False)
        kept = np.concatenate([order[:HARDEST], drawn])
        weight = np.ones(len(kept))
        weight[HARDEST:] = (len(cosines) - HARDEST) / RANDOM
        cosines, other_rows = cosines[kept], (other_rows[0][kept], other_rows[1][kept])
    first, second = (np.concatenate([left, right]) for left, right in zip(pairs.clone_rows, other_rows, strict=True))
    clones = np.arange(len(first)) < len(pairs.clones)
    weights = np.concatenate(
        [
            np.full(len(pairs.clones), base_rate / max(1, len(pairs.clones))),
            weight * ((1 - base_rate) / max(1.0, weight.sum())),
        ]
    )
    return LabelledPairs(
        np.concatenate([pairs.clones, cosines]), *_facts(space, lengths, first, second), clones, weights
    )


def _facts(
    space: VectorSpace, lengths: NDArray[np.int64], first: Rows, second: Rows
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    languages = space.language_of
    return length_ratios(lengths[first], lengths[second]), languages_differ(languages[first], languages[second])


def fit_pair_head(pairs: LabelledPairs, base_rate: float = NATURAL_RATE) -> PairHead:
    """The head with the smallest weighted log loss on `pairs`, which must be held out from the training.

    A logistic regression (a convex problem) with slopes of at least 0, and a weight of the lengths of at most
    0. If `pairs` has no clones or only clones, it is a
    ValueError.
    """
    total = float(pairs.weights[pairs.clones].sum())
    if not (pairs.clones.any() and not pairs.clones.all()):
        raise ValueError("pairs of clones and other pairs are needed to fit the head")
    knots = np.unique(np.quantile(pairs.cosines[pairs.clones], QUANTILES).round(6))
    low = min(float(knots[0]), float(np.quantile(pairs.cosines[~pairs.clones], 0.5))) - 1e-3
    knots = np.concatenate([[low], knots])
    hinges = [np.maximum(0.0, pairs.cosines - knot) for knot in knots]
    inner = [] if pairs.structures is None else [np.maximum(0.0, pairs.structures - knot) for knot in STRUCTURE_KNOTS]
    kinds = [] if pairs.overlaps is None else list(pairs.overlaps.T)
    outer = [np.maximum(0.0, values - knot) for values in kinds for knot in OVERLAP_KNOTS]
    hinges += inner + outer
    # a fact that never varies in these pairs tells nothing, and its weight stays 0
    columns = np.stack([*hinges, pairs.length_ratios, pairs.other_language.astype(np.float64)], axis=1)
    weights = pairs.weights / total  # so that the clones weigh 1 in sum, and the loss is not tiny
    signs = np.where(pairs.clones, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slopes, bias = parameters[:-1], parameters[-1]
        margins = signs * (columns @ slopes + bias)
        pull = -weights * signs * np.exp(-np.logaddexp(0.0, margins))
        value = float((weights * np.logaddexp(0.0, -margins)).sum() + RIDGE / 2 * (slopes**2).sum())
        return value, np.append(columns.T @ pull + RIDGE * slopes, pull.sum())

    start = np.zeros(columns.shape[1] + 1)
    start[-1] = np.log(base_rate / (1 - base_rate))
    bounds: list[tuple[float | None, float | None]] = [(0.0, None)] * len(hinges) + [
        (None, 0.0),
        (None, None),
        (None, None),
    ]
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-9}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    found = found.tolist()
    length, other_language, bias = found[len(hinges) :]
    slopes, ends = found[: len(hinges)], np.cumsum([len(knots), len(inner), len(outer)]).tolist()
    return PairHead(
        tuple(map(float, knots)),
        tuple(slopes[: ends[0]]),
        bias,
        length,
        other_language,
        base_rate,
        STRUCTURE_KNOTS[: len(inner)],
        tuple(slopes[ends[0] : ends[1]]),
        OVERLAP_KNOTS if outer else (),
        tuple(slopes[ends[1] : ends[2]]),
    )


EDGES = (1e-5, 1e-4, 1e-3, 0.01, 0.05, *np.linspace(0.1, 0.9, 9).tolist(), 0.95, 0.99)
"""Borders of the bins of probability: at the natural rate, almost all pairs have a probability near 0."""


def natural_calibration_error(
    probabilities: NDArray[np.float64],
    clones: NDArray[np.bool_],
    weights: NDArray[np.float64],
    at_least: float = 0.0,
) -> float:
    """Expected calibration error: mean distance of probability and share of clones over bins, weighted, in [0, 1].

    Only pairs with a probability of `at_least` count; without any, it is 0. Over all pairs, it is small by itself at
    the natural rate, because almost all probabilities are 0. So look at the pairs that a person is shown, too.
    """
    shown = probabilities >= at_least
    probabilities, clones, weights = probabilities[shown], clones[shown], weights[shown]
    total = weights.sum()
    if not total:
        return 0.0
    bins = np.searchsorted(EDGES, probabilities, side="right")
    gaps = np.bincount(bins, weights=weights * (clones - probabilities), minlength=len(EDGES) + 1)
    return float(np.abs(gaps).sum() / total)
