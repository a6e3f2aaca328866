"""Sketches of sets of n-grams: a few whole numbers, from which the overlap of two sets is estimated.

One permutation hashing (Li, Owen, Zhang 2012) with rotation for empty bins (Shrivastava and Li 2014), of which one bit
of each bin is kept (b-bit minwise hashing, Li and König 2010). Two sets with Jaccard index J have the same bit in a bin
with probability (1 + J) / 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import Tokens
from avatar.code.ngrams import KINDS, features_of

BITS_OF_A_NUMBER = 24
"""Whole numbers below 2^24 are exact as float32, so a sketch can be stored beside a vector."""

MOST_BITS = 2_400
"""Most bits of a sketch of one kind."""
SKETCH_KINDS = (*KINDS, "t3")
"""The kinds of n-grams of which a sketch can be made."""

_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_STEP, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class SketchRules:
    """Of which kinds of n-grams (see `avatar.code.ngrams`) sketches are made, and how many bits each has."""

    kinds: tuple[str, ...]
    bits: int

    @property
    def numbers(self) -> int:
        """How many numbers the sketches of one function are."""
        return len(self.kinds) * self.bits // BITS_OF_A_NUMBER

    def problems(self) -> list[str]:
        """One sentence for each wrong value; empty if all are valid."""
        sentences = []
        if not self.kinds or not set(self.kinds) <= set(SKETCH_KINDS) or len(set(self.kinds)) < len(self.kinds):
            known = ", ".join(SKETCH_KINDS)
            sentences.append(f"the kinds of sketches are {list(self.kinds)}, not different ones of {known}")
        if not 0 < self.bits <= MOST_BITS or self.bits % BITS_OF_A_NUMBER:
            sentences.append(f"a sketch has {self.bits} bits, not a multiple of {BITS_OF_A_NUMBER} up to {MOST_BITS}")
        return sentences

    def __call__(self, read: Tokens, functions: int) -> NDArray[np.float32]:
        """The sketches of `functions` functions, (functions, numbers): those of the first kind, then of the next."""
        parts = [sketches(*features_of(read, [kind]), functions, self.bits) for kind in self.kinds]
        return np.concatenate(parts, axis=1)

    def overlaps(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
        """The estimated Jaccard index of row i of both arrays of sketches, for each kind, (n, kinds)."""
        sides = (np.split(sketch, len(self.kinds), axis=1) for sketch in (first, second))
        return np.stack([overlaps(*kind) for kind in zip(*sides, strict=True)], axis=1)


def sketches(digests: NDArray[np.uint64], owners: NDArray[np.integer], sets: int, bits: int) -> NDArray[np.float32]:
    """A sketch of each of `sets` sets, (sets, bits / 24): whole numbers below 2^24.

    `digests` (n,) are the members of all sets, `owners` (n,) the index of each member's set; a member may be there
    twice. `bits` is a multiple of 24. The sketch of an empty set is 0.
    """
    slots = owners.astype(np.int64) * bits + (digests % np.uint64(bits)).astype(np.int64)
    flat = np.full(sets * bits, _EMPTY)
    np.minimum.at(flat, slots, digests // np.uint64(bits))
    least = flat.reshape(sets, bits)
    filled = least != _EMPTY
    bins = np.arange(2 * bits)
    # An empty bin takes the value of the next one that is not empty, mixed with the distance to it.
    following = np.where(np.tile(filled, 2), bins, 3 * bits)
    following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1][:, :bits]
    distance = np.where(following < 2 * bits, following - bins[:bits], 0)
    values = np.take_along_axis(least, following % bits, axis=1) + distance.astype(np.uint64) * _STEP
    values ^= values >> np.uint64(31)
    values *= _MIX
    values ^= values >> np.uint64(29)
    ones = (values & np.uint64(1)).astype(np.uint32)
    ones[~filled.any(axis=1)] = 0
    groups = ones.reshape(sets, bits // BITS_OF_A_NUMBER, BITS_OF_A_NUMBER)
    return (groups << np.arange(BITS_OF_A_NUMBER, dtype=np.uint32)).sum(axis=2, dtype=np.uint32).astype(np.float32)


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The estimated Jaccard index of row i of both arrays of sketches (n, numbers), (n,).

    Its standard error is sqrt((1 - J^2) / bits). It may be a little below 0.
    """
    different = np.bitwise_count(first.astype(np.uint32) ^ second.astype(np.uint32)).sum(axis=1, dtype=np.int64)
    return np.asarray(1 - 2 * different / (BITS_OF_A_NUMBER * first.shape[1]), dtype=np.float64)
