"""Chooses the two functions of each negative pair (not clones)."""

import random
import re
from collections.abc import Sequence

import numpy as np

from avatar.data.records import Function

_WORDS = re.compile(r"\w+|[^\w\s]")
_NEIGHBOURS = 30
_BLOCK = 1024


def tokens(code: str) -> frozenset[str]:
    """The distinct words and punctuation marks of a text, as token-overlap baselines compare them."""
    return frozenset(_WORDS.findall(code))


def jaccard(one: frozenset[str], two: frozenset[str]) -> float:
    """Jaccard similarity of two token sets, from 0 to 1."""
    return len(one & two) / max(1, len(one | two))


def negative_partners(functions: Sequence[Function], hard_share: float, rng: random.Random) -> list[int]:
    """For each function the row of another function: a permutation without fixed points.

    So each function is in as many negative as positive pairs, and a single function says nothing about the label.
    About `hard_share` of the functions get the most similar partner that is still free (Jaccard similarity of
    their tokens, with a bonus for the same module); the others get a random one. Needs at least two functions.
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
    for index, row in enumerate(rows):
        if row == free[index] and len(rows) > 1:
            free[index], free[index - 1] = free[index - 1], free[index]
    partner.update(zip(rows, free, strict=True))
    for row in rows:  # a swap may have paired a function with itself; swap it with another pair
        if partner[row] == row:
            other = next(one for one in range(count) if one != row and partner[one] != row)
            partner[row], partner[other] = partner[other], partner[row]
    return [partner[row] for row in range(count)]


def _similar(functions: Sequence[Function]) -> list[tuple[int, int]]:
    """(row, other) of the most similar functions of each row, most similar first; ties in row order."""
    from scipy.sparse import csr_matrix  # slow to import, and this module is imported at every start

    sets = [tokens(function.code) for function in functions]
    columns = {word: index for index, word in enumerate(sorted(frozenset().union(*sets)))}
    indices = np.array([columns[word] for words in sets for word in sorted(words)], dtype=np.int64)
    sizes = np.array([len(words) for words in sets], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    present = csr_matrix((np.ones(len(indices), dtype=np.float32), indices, starts), (len(sets), len(columns)))
    modules = np.unique([function.group for function in functions], return_inverse=True)[1]
    keep = min(_NEIGHBOURS, len(sets) - 1)
    candidates: list[tuple[float, int, int]] = []
    for first in range(0, len(sets), _BLOCK):
        last = min(first + _BLOCK, len(sets))
        shared = (present[first:last] @ present.T).toarray()
        score = shared / (sizes[first:last, None] + sizes[None] - shared)
        score += _SAME_MODULE * (modules[first:last, None] == modules[None])
        score[np.arange(last - first), np.arange(first, last)] = -1.0
        best = np.argsort(-score, axis=1, kind="stable")[:, :keep]
        candidates += [
            (-float(score[index, other]), first + index, int(other))
            for index in range(last - first)
            for other in best[index]
        ]
    return [(row, other) for _, row, other in sorted(candidates)]


_SAME_MODULE = 0.05
"""Added to the similarity of two functions of the same module: their names make the pair harder."""
