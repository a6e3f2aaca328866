"""How high the clones of a function are in the list of its nearest functions: MAP@R and MRR."""

import numpy as np
from numpy.typing import NDArray

from avatar.metrics.base import VECTOR_METRICS, Scores, mean_of_each
from avatar.metrics.vector_space import TIE, Rows, VectorSpace


def precision_at_r(space: VectorSpace, queries: Rows, candidates: Rows) -> Scores:
    """Average precision at R (Musgrave et al. 2020, section 4.1) of each of `queries`, NaN for one without a clone.

    R is the number of the query's clones among `candidates`. Of the R nearest candidates, each that is a clone adds the
    share of clones up to it; the sum is divided by R.
    """
    scores = np.full(len(queries), np.nan)
    for part, cosines, clones in space.compared(queries, candidates):
        counts = clones.sum(axis=1)
        most = int(counts.max(initial=0))
        if not most:
            continue
        ordered = np.where(clones, cosines - np.float32(TIE), cosines)
        nearest = np.argpartition(-ordered, most - 1, axis=1)[:, :most]
        order = np.argsort(-np.take_along_axis(ordered, nearest, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(clones, np.take_along_axis(nearest, order, axis=1), axis=1)
        ranks = np.arange(1, most + 1)
        hits = hits & (ranks <= counts[:, None])
        precision = np.cumsum(hits, axis=1) / ranks
        found = counts > 0
        scores[part][found] = ((precision * hits).sum(axis=1)[found]) / counts[found]
    return scores


def reciprocal_rank(space: VectorSpace, queries: Rows, candidates: Rows) -> Scores:
    """1 / rank of the nearest clone of each of `queries` among `candidates`, NaN for one without a clone."""
    scores = np.full(len(queries), np.nan)
    for part, cosines, clones in space.compared(queries, candidates):
        found = clones.any(axis=1)
        nearest = np.where(clones, cosines, -np.inf).max(axis=1, initial=-np.inf)
        before = (~clones & (cosines >= nearest[:, None] - np.float32(TIE))).sum(axis=1)
        scores[part][found] = 1 / (1 + before[found])
    return scores


def rows_of(space: VectorSpace, language: str) -> Rows:
    """Rows of the functions in `language`."""
    return np.flatnonzero(space.language_of == language).astype(np.int64)


def _everything(space: VectorSpace) -> Rows:
    return np.arange(len(space.groups), dtype=np.int64)


def _map(space: VectorSpace) -> Scores:
    return precision_at_r(space, _everything(space), _everything(space))


def _rank(space: VectorSpace) -> Scores:
    return reciprocal_rank(space, _everything(space), _everything(space))


def _map_within(space: VectorSpace) -> Scores:
    """As `_map`, among the functions of the same language."""
    scores: NDArray[np.float64] = np.full(len(space.groups), np.nan)
    for language in np.unique(space.language_of).tolist():
        rows = rows_of(space, language)
        scores[rows] = precision_at_r(space, rows, rows)
    return scores


VECTOR_METRICS.register("map_at_r")(mean_of_each(_map, "MAP@R"))
VECTOR_METRICS.register("map_at_r_within")(mean_of_each(_map_within, "MAP@R within a language", short="MAP@R within"))
VECTOR_METRICS.register("mrr")(mean_of_each(_rank, "MRR"))
