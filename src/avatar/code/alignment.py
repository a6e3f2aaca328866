"""How much of two functions is the same, in order, with the names of variables left out.

BigCloneBench calls pairs with at least 70 % of the lines or tokens in common, after names and literals are made equal,
strong clones of type 3 (Svajlenko and Roy 2014); `aligned_share` is that measure by tokens.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from avatar.code.lexer import NUMBER, STRING, Lexer
from avatar.code.ngrams import variables

STRONG = 0.7
"""Pairs with at least this share are clones of type 3, or of type 1 or 2."""


def masked_tokens(lexer: Lexer, codes: Sequence[str], languages: Sequence[str | None]) -> list[list[int]]:
    """The tokens of each function as numbers. All variables are one token, as all numbers and all strings are."""
    read = lexer(codes, languages)
    tokens = read.tokens.copy()
    tokens[variables(read)] = 0
    for kind in (NUMBER, STRING):
        tokens[read.kinds == kind] = kind
    ends = np.searchsorted(read.rows, np.arange(len(codes)), side="right")
    return [part.tolist() for part in np.split(tokens, ends[:-1])] if len(codes) else []


def common_length(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence, by the bits of one whole number (Hyyrö 2004)."""
    if not first:
        return 0
    where: dict[Hashable, int] = {}
    for index, token in enumerate(first):
        where[token] = where.get(token, 0) | 1 << index
    full = (1 << len(first)) - 1
    rows = full
    for token in second:
        matches = rows & where.get(token, 0)
        rows = ((rows + matches) | (rows - matches)) & full
    return len(first) - rows.bit_count()


def aligned_share(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Length of the longest common subsequence over that of the longer function, in [0, 1]; 1 if both are empty."""
    longest = max(len(first), len(second))
    return common_length(first, second) / longest if longest else 1.0


def is_aligned(first: Sequence[Hashable], second: Sequence[Hashable], share: float = STRONG) -> bool:
    """Whether `aligned_share` is at least `share`. Faster: most pairs have too few tokens in common in any order."""
    least = share * max(len(first), len(second))
    if min(len(first), len(second)) < least or (Counter(first) & Counter(second)).total() < least:
        return False
    return common_length(first, second) >= least
