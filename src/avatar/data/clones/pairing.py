"""Chooses which functions stand against each other in pairs that are no clones."""

import random
import re
from collections.abc import Sequence

import numpy as np

from avatar.data.records import Function

_WORDS = re.compile(r"\w+|[^\w\s]")
_NEIGHBOURS = 30
_BLOCK = 1024


def tokens(code: str) -> frozenset[str]:
    """The distinct words and punctuation marks of a text, which token-overlap baselines compare."""
    return frozenset(_WORDS.findall(code))


def jaccard(one: frozenset[str], two: frozenset[str]) -> float:
    """Shared share of two token sets, from 0 to 1."""
    return len(one & two) / max(1, len(one | two))


def opponents(functions: Sequence[Function], hard_share: float, rng: random.Random) -> list[int]:
    """For each function the row of another one: a permutation without fixed points.

    So each function stands in as many negative pairs as positive ones, and nothing about a single
    function tells the label. About `hard_share` of the functions get the most similar partner that is
    still free (Jaccard of their tokens, functions of the same module first); the rest get a random one.
    Needs at least two functions.
    """
    count = len(functions)
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for row, other in _similar(functions):
        if len(partner) >= hard_share * count:
            break
        if row not in partner and other not in taken and partner.get(other) != row:
            partner[row] = other
            taken.add(other)
    rows = [row for row in range(count) if row not in partner]
    free = [row for row in range(count) if row not in taken]
    rng.shuffle(free)
    for at, row in enumerate(rows):
        if row == free[at] and len(rows) > 1:
            free[at], free[at - 1] = free[at - 1], free[at]
    partner.update(zip(rows, free, strict=True))
    for row in rows:  # a swap may have moved a function onto itself; exchange it with any other pair
        if partner[row] == row:
            other = next(one for one in range(count) if one != row and partner[one] != row)
            partner[row], partner[other] = partner[other], partner[row]
    return [partner[row] for row in range(count)]


def _similar(functions: Sequence[Function]) -> list[tuple[int, int]]:
    """(row, other) of near neighbours, the most similar first; ties in row order."""
    from scipy.sparse import csr_matrix  # slow to import, and the names in READERS are asked for at every start

    sets = [tokens(function.code) for function in functions]
    columns = {word: at for at, word in enumerate(sorted(frozenset().union(*sets)))}
    indices = np.array([columns[word] for words in sets for word in sorted(words)], dtype=np.int64)
    sizes = np.array([len(words) for words in sets], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    present = csr_matrix((np.ones(len(indices), dtype=np.float32), indices, starts), (len(sets), len(columns)))
    modules = np.unique([function.group for function in functions], return_inverse=True)[1]
    keep = min(_NEIGHBOURS, len(sets) - 1)
    found: list[tuple[float, int, int]] = []
    for first in range(0, len(sets), _BLOCK):
        last = min(first + _BLOCK, len(sets))
        shared = (present[first:last] @ present.T).toarray()
        score = shared / (sizes[first:last, None] + sizes[None] - shared)
        score += _SAME_MODULE * (modules[first:last, None] == modules[None])
        score[np.arange(last - first), np.arange(first, last)] = -1.0
        best = np.argsort(-score, axis=1, kind="stable")[:, :keep]
        found += [
            (-float(score[at, other]), first + at, int(other)) for at in range(last - first) for other in best[at]
        ]
    return [(row, other) for _, row, other in sorted(found)]


_SAME_MODULE = 0.05
"""Head start of a function of the same module: as similar in words, and harder by its names."""
