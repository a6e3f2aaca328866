"""N-gram features of functions, as 64-bit digests: what a static student sums up.

Each kind of feature is a pair of a letter and a length n:

    w   n words in a row (a name is split into its words; so is the text of a string)
    t   n tokens in a row
    r   n tokens in a row; a variable is replaced by its first index inside these n tokens, so its name does not matter
    c   n called or accessed names in a row
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import IDENTIFIER, Lexer, Tokens, digest

KINDS = ("w1", "w2", "t2", "r1", "r2", "r3", "r4", "r5", "c1")
"""The kinds of version 1."""

Digests = NDArray[np.uint64]

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_VARIABLE, _OPEN, _DOT = (np.uint64(digest(text)) for text in ("<variable>", "(", "."))


def ngram_features(
    lexer: Lexer, codes: Sequence[str], languages: Sequence[str | None], kinds: Sequence[str] = KINDS
) -> tuple[Digests, NDArray[np.int32]]:
    """All features of all functions: digests (n,) and the index of each one's function (n,), in no useful order.

    A feature that a function has twice is there twice. An unknown kind is a KeyError.
    """
    read = lexer(codes, languages)
    digests, rows = [], []
    views = {name: view(read) for name, view in _VIEWS.items() if any(kind[0] == name for kind in kinds)}
    for kind in kinds:
        values, variables, owners = views[kind[0]]
        features, first = _windows(values, variables, owners, int(kind[1:]))
        digests.append(_mixed(features + np.uint64(digest("kind " + kind))))
        rows.append(owners[first])
    return np.concatenate(digests), np.concatenate(rows)


def _mixed(values: Digests) -> Digests:
    values = (values ^ (values >> np.uint64(29))) * _SECOND
    return values ^ (values >> np.uint64(32))


_View = tuple[Digests, "NDArray[np.bool_] | None", NDArray[np.int32]]


def _called(read: Tokens) -> NDArray[np.bool_]:
    """Whether a token is a name before an opening parenthesis or after a dot."""
    tokens = read.tokens
    called = np.zeros(len(tokens), bool)
    if len(tokens) > 1:
        called[:-1] = tokens[1:] == _OPEN
        called[1:] |= tokens[:-1] == _DOT
    return called & (read.kinds == IDENTIFIER)


def variables(read: Tokens) -> NDArray[np.bool_]:
    """Whether each token is a name that is neither called nor accessed, (n,)."""
    return (read.kinds == IDENTIFIER) & ~_called(read)


def _words(read: Tokens) -> _View:
    return read.words, None, read.word_rows


def _tokens(read: Tokens) -> _View:
    return read.tokens, None, read.rows


def _renamed(read: Tokens) -> _View:
    return read.tokens, variables(read), read.rows


def _calls(read: Tokens) -> _View:
    called = _called(read)
    return read.tokens[called], None, read.rows[called]


_VIEWS = {"w": _words, "t": _tokens, "r": _renamed, "c": _calls}


def _windows(
    values: Digests, variables: "NDArray[np.bool_] | None", owners: NDArray[np.int32], length: int
) -> tuple[Digests, NDArray[np.int64]]:
    """Digests of `length` values in a row within one function, and the index of the first value of each."""
    count = len(values) - length + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    first = np.flatnonzero(owners[:count] == owners[length - 1 :])
    result = np.zeros(len(first), np.uint64)
    for place in range(length):
        here = values[first + place]
        if variables is not None:
            index = np.full(len(first), place, np.uint64)
            for earlier in range(place - 1, -1, -1):
                index = np.where(values[first + earlier] == here, np.uint64(earlier), index)
            here = np.where(variables[first + place], _VARIABLE + index * _FIRST, here)
        result = _mixed(result) + here * _FIRST
    return _mixed(result), first
