"""The features of all functions of a training, and the choice of those that get a row of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import Lexer
from avatar.code.ngrams import STRUCTURE_KINDS, ngram_features
from avatar.common.logging import progress

FUNCTIONS = 500
"""Functions read at once."""


def distinct_features(codes: Sequence[str], languages: Sequence[str], kinds: Sequence[str]) -> list[NDArray[np.uint64]]:
    """The distinct digests of each function, in ascending order."""
    lexer, results = Lexer(), []
    for start in progress(range(0, len(codes), FUNCTIONS), "reading features"):
        part = slice(start, start + FUNCTIONS)
        digests, owners = ngram_features(lexer, codes[part], languages[part], kinds)
        order = np.lexsort((digests, owners))
        digests, owners = digests[order], owners[order]
        first = np.ones(len(digests), dtype=bool)
        first[1:] = (digests[1:] != digests[:-1]) | (owners[1:] != owners[:-1])
        digests, owners = digests[first], owners[first]
        results += np.split(digests, np.searchsorted(owners, np.arange(1, len(codes[part]))))
    return results


@dataclass(frozen=True)
class Vocabulary:
    """The chosen features, by the upper 32 bits of their digests. The first `structural` have no variable's name.

    `tags` (features,) are in ascending order within both parts. `rarity` (features,) is the logarithm of how rarely
    a source has the feature (the inverse document frequency).
    """

    tags: NDArray[np.uint32]
    structural: int
    rarity: NDArray[np.float64]


def choose_features(
    problems: Sequence[tuple[int, Sequence[NDArray[np.uint64]]]],
    files: Sequence[tuple[int, Sequence[NDArray[np.uint64]]]],
    structural: NDArray[np.uint64],
    structural_size: int,
    size: int,
) -> Vocabulary:
    """The features that most sources have: a feature of one source cannot tell what clones have in common.

    `problems` and `files` are sources: a number, and the features of its functions. Both kinds weigh the same.
    `structural` are the digests without names of variables; `structural_size` of these and `size` others are chosen.
    Of two features with one tag, the rarer is left out.
    """
    shares: dict[str, tuple[NDArray[np.uint64], NDArray[np.float64]]] = {}
    for name, sources in (("problems", problems), ("files", files)):
        if not sources:
            continue
        distinct = [np.unique(np.concatenate(list(features))) for _, features in sources]
        digests, counts = np.unique(np.concatenate(distinct), return_counts=True)
        shares[name] = digests, counts / len(sources)
    digests = np.unique(np.concatenate([found for found, _ in shares.values()]))
    score = np.zeros(len(digests))
    for found, share in shares.values():
        score[np.searchsorted(digests, found)] += share
    best = np.argsort(-score, kind="stable")
    _, first = np.unique((digests[best] >> np.uint64(32)).astype(np.uint32), return_index=True)
    best = best[np.sort(first)]
    is_structural = np.isin(digests[best], structural)
    chosen = np.concatenate([np.flatnonzero(is_structural)[:structural_size], np.flatnonzero(~is_structural)[:size]])
    best, is_structural = best[chosen], is_structural[chosen]
    tags = (digests[best] >> np.uint64(32)).astype(np.uint32)
    order = np.lexsort((tags, ~is_structural))
    rarity = np.log(len(shares) / score[best])
    return Vocabulary(tags[order], int(is_structural.sum()), rarity[order])


def structural_digests(codes: Sequence[str], languages: Sequence[str]) -> NDArray[np.uint64]:
    """All digests without names of variables, distinct."""
    found = distinct_features(codes, languages, STRUCTURE_KINDS)
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)
