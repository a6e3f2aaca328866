"""When two functions are twins: the same text, the same tokens, or almost the same tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import Lexer
from avatar.code.ngrams import ngram_features, variables
from avatar.common.registry import Registry
from avatar.data.records import Function

NEAR = 0.8
"""Near twins have at least this share of their token triples in common (Jaccard; Allamanis 2019 uses 0.8 for names)."""
PAIRS_AT_ONCE = 20_000
"""Pairs of functions that are compared at once."""


@dataclass(frozen=True)
class TwinRule:
    """A rule by which functions are twins. `meaning` completes "a twin is a function with ...".

    `find` gives for each of its first functions whether one of the second ones is a twin, (first,).
    """

    meaning: str
    find: Callable[[Sequence[Function], Sequence[Function]], NDArray[np.bool_]]


TWINS: Registry[TwinRule] = Registry("rule for twins")


def body_key(code: str) -> str:
    """`code` without whitespace."""
    return "".join(code.split())


def token_keys(functions: Sequence[Function]) -> list[bytes]:
    """A digest of the tokens of each function, without comments, layout, text of strings and names of variables.

    A variable is replaced by the index of its first use, so the digest is the same after it is renamed.
    """
    read = Lexer()([function.code for function in functions], [function.language or None for function in functions])
    replaced = read.tokens.copy()
    named = variables(read)
    keys = []
    bounds = np.searchsorted(read.rows, np.arange(len(functions) + 1))
    for function, start, end in zip(functions, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = replaced[start:end]
        own = named[start:end]
        _, first, member = np.unique(part[own], return_index=True, return_inverse=True)
        part[own] = first[member].astype(np.uint64)
        content = part.tobytes() + own.tobytes() if len(part) else body_key(function.code).encode("utf-8", "replace")
        keys.append(blake2b(content, digest_size=16).digest())
    return keys


def _same_text(functions: Sequence[Function], others: Sequence[Function]) -> NDArray[np.bool_]:
    known = {body_key(other.code) for other in others}
    return np.asarray([body_key(function.code) in known for function in functions], dtype=np.bool_)


def _same_tokens(functions: Sequence[Function], others: Sequence[Function]) -> NDArray[np.bool_]:
    known = set(token_keys(others))
    return np.asarray([key in known for key in token_keys(functions)], dtype=np.bool_)


def near_twins(
    functions: Sequence[Function], others: Sequence[Function], least: float = NEAR
) -> list[tuple[int, int, float]]:
    """All pairs (row in `functions`, row in `others`) with a Jaccard similarity of at least `least`, and this number.

    Compared are the sets of three tokens in a row, in which variables are replaced by numbers. Only pairs that share
    one of their rarest triples can be that similar (prefix filter; Bayardo et al. 2007), so few pairs are compared.
    """
    from scipy import sparse

    both = [*functions, *others]
    digests, owners = ngram_features(
        Lexer(), [one.code for one in both], [one.language or None for one in both], ("r3",)
    )
    kinds, column = np.unique(digests, return_inverse=True)
    sets = sparse.csr_matrix((np.ones(len(column), np.int32), (owners, column)), shape=(len(both), len(kinds)))
    sets.data[:] = 1  # a triple that a function has twice counts once
    frequency = np.asarray(sets.sum(axis=0)).ravel()
    rank = np.empty(len(kinds), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(kinds))
    sets = sets[:, np.argsort(rank)]  # the rarest triple first
    sets.sort_indices()
    sizes = np.diff(sets.indptr)
    position = np.arange(sets.nnz) - np.repeat(sets.indptr[:-1], sizes)
    prefix = np.repeat(sizes - np.ceil(least * sizes - 1e-9).astype(np.int64) + 1, sizes)
    rare = sets.copy()
    rare.data[position >= prefix] = 0
    rare.eliminate_zeros()
    count = len(functions)
    shared = (rare[:count] @ rare[count:].T).tocoo()
    found: list[tuple[int, int, float]] = []
    for start in range(0, len(shared.row), PAIRS_AT_ONCE):
        first = shared.row[start : start + PAIRS_AT_ONCE]
        second = shared.col[start : start + PAIRS_AT_ONCE]
        common = np.asarray(sets[first].multiply(sets[second + count]).sum(axis=1)).ravel()
        similarity = common / (sizes[first] + sizes[second + count] - common)
        kept = similarity >= least - 1e-9
        found += zip(first[kept].tolist(), second[kept].tolist(), similarity[kept].tolist(), strict=True)
    return found


def _near(functions: Sequence[Function], others: Sequence[Function]) -> NDArray[np.bool_]:
    twins = _same_tokens(functions, others)
    twins[[first for first, _, _ in near_twins(functions, others)]] = True
    return twins


TWINS.register("text")(TwinRule("the same body, ignoring whitespace", _same_text))
TWINS.register("tokens")(
    TwinRule("the same tokens, ignoring comments, layout, strings and names of variables", _same_tokens)
)
TWINS.register("near")(
    TwinRule(f"at least {100 * NEAR:g} % of the token triples in common, ignoring names of variables", _near)
)
