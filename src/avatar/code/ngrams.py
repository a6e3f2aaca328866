"""N-gram features of functions, as 64-bit digests: what a static student sums up.

Each kind of feature is a pair of a letter and a length n:

    w   n words in a row (a name is split into its words; so is the text of a string)
    t   n tokens in a row
    r   n tokens in a row; a variable is replaced by its first index inside these n tokens, so its name does not matter
    c   n called or accessed names in a row
    p   n words in a row among the parameters: what a function is given often says more than how it works
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import IDENTIFIER, Lexer, Tokens, digest, word_digest

STRUCTURE_KINDS = ("r1", "r2", "r3", "r4", "r5")
"""The kinds without names of variables."""
WORD = "w1"
"""The kind of a single word."""
MEANING_KINDS = (WORD, "w2", "t2", "c1", "p1", "p2")
KINDS = (*MEANING_KINDS, *STRUCTURE_KINDS)
"""All kinds that a student reads."""

Digests = NDArray[np.uint64]
Features = tuple[Digests, NDArray[np.int32]]
"""Digests (n,) and the index of each one's function (n,), in ascending order."""

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_VARIABLE, _OPEN, _CLOSE, _DOT, _FUNCTION = (np.uint64(digest(text)) for text in ("<variable>", "(", ")", ".", "fn"))

_CLOSELY = 2
"""Tokens from the end of a decorator, or of what a class extends, to the word for "function"."""


def ngram_features(
    lexer: Lexer, codes: Sequence[str], languages: Sequence[str | None], kinds: Sequence[str] = KINDS
) -> tuple[Digests, NDArray[np.int32]]:
    """All features of all functions: digests (n,) and the index of each one's function (n,).

    Those of one kind are in the order of the functions, one kind after the other.
    A feature that a function has twice is there twice. An unknown kind is a KeyError.
    """
    return features_of(lexer(codes, languages), kinds)


def features_of(read: Tokens, kinds: Sequence[str] = KINDS) -> tuple[Digests, NDArray[np.int32]]:
    """The same from tokens."""
    digests, rows = zip(*features_by_kind(read, kinds).values(), strict=True)
    return np.concatenate(digests), np.concatenate(rows)


def features_by_kind(read: Tokens, kinds: Sequence[str] = KINDS) -> dict[str, Features]:
    """The same for each kind."""
    views = {name: view(read) for name, view in VIEWS.items() if any(kind[0] == name for kind in kinds)}
    features = {}
    for kind in kinds:
        values, variables, owners = views[kind[0]]
        digests, first = _windows(values, variables, owners, int(kind[1:]))
        features[kind] = _mixed(digests + _of_kind(kind)), owners[first]
    return features


def word_features(words: Sequence[str]) -> Digests:
    """The feature `w1` of each lower-case word, (words,)."""
    values = np.array([word_digest(word) for word in words], np.uint64)
    return _mixed(_windows(values, None, np.arange(len(words), dtype=np.int32), 1)[0] + _of_kind(WORD))


@cache
def _of_kind(kind: str) -> np.uint64:
    return np.uint64(digest("kind " + kind))


def _mixed(values: Digests) -> Digests:
    values = values ^ (values >> np.uint64(29))
    values *= _SECOND
    values ^= values >> np.uint64(32)
    return values


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


def _parameters(read: Tokens) -> _View:
    inside = _in_parameters(read)
    return read.words[inside], None, read.word_rows[inside]


def _in_parameters(read: Tokens) -> NDArray[np.bool_]:
    """Whether a word is inside the parentheses of its function's parameters: the first ones.

    If the word for "function" follows closely, the first ones are a decorator's or a class's, and the next ones count.
    """
    tokens, rows, count = read.tokens, read.rows, len(read.tokens)
    functions = int(max(rows[-1:].max(initial=-1), read.word_rows[-1:].max(initial=-1))) + 1
    opens, closes, positions = tokens == _OPEN, tokens == _CLOSE, np.arange(count)
    depth = np.append(np.cumsum(opens.astype(np.int64) - closes), 0)

    def first(wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Of each function, the index of its first wanted token, or `count`."""
        found = np.flatnonzero(wanted)[::-1]  # backwards: the first one is written last
        result = np.full(functions, count)
        result[rows[found]] = found
        return result

    def closing(opening: NDArray[np.int64]) -> NDArray[np.int64]:
        return first((positions > opening[rows]) & closes & (depth[:-1] < depth[opening][rows]))

    opening = first(opens)
    keyword = first(tokens == _FUNCTION)
    late = keyword - closing(opening)
    next_opening = first(opens & (positions > keyword[rows]))
    opening = np.where((late > 0) & (late <= _CLOSELY) & (keyword < count), next_opening, opening)
    spots = np.append(read.spots, np.iinfo(np.int64).max)
    begin, end = spots[opening], spots[closing(opening)]
    return (read.word_spots > begin[read.word_rows]) & (read.word_spots < end[read.word_rows])


VIEWS = {"w": _words, "t": _tokens, "r": _renamed, "c": _calls, "p": _parameters}
"""What the letter of a kind reads."""


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
