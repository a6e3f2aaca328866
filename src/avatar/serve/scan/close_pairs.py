"""All pairs of functions whose vectors have at least a given cosine, exactly."""

import numpy as np
from numpy.typing import NDArray

from avatar.common.logging import progress
from avatar.serve.scan.neighbours import Vectors
from avatar.serve.scan.similar_pairs import Pairs, joined, no_pairs, refuse_too_many

ROWS = 1_024
"""Rows compared at once with `COLUMNS` others: 16 MB of cosines."""
COLUMNS = 4_096


def close_pairs(vectors: Vectors, rows: NDArray[np.int64], least: float, threshold: float) -> tuple[Pairs, int]:
    """Pairs with a member in `rows`, their cosines in place of probabilities, and the number of comparisons.

    `vectors` (functions, hidden_size) have length 1. The time grows with rows times functions.
    `threshold` is named in the DataError for too many pairs.
    """
    results, total = [no_pairs()], 0
    is_row = np.zeros(len(vectors), dtype=bool)
    is_row[rows] = True
    for start in progress(range(0, len(rows), ROWS), "comparing"):
        own = rows[start : start + ROWS]
        for low in range(0, len(vectors), COLUMNS):
            cosines = vectors[own] @ vectors[low : low + COLUMNS].T
            found_row, found_column = np.nonzero(cosines >= least)
            first, second = own[found_row], found_column + low
            once = (first < second) | ((first != second) & ~is_row[second])  # a pair of two rows is found twice
            first, second = first[once], second[once]
            close = cosines[found_row[once], found_column[once]]
            results.append(Pairs(np.minimum(first, second), np.maximum(first, second), close.astype(np.float32)))
            total += len(close)
            refuse_too_many(total, threshold)
    return joined(*results), len(rows) * len(vectors)
