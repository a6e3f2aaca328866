"""Sketches of sets of n-grams: a few whole numbers, from which the overlap of two sets is estimated.

One permutation hashing (Li, Owen, Zhang 2012) with rotation for empty bins (Shrivastava and Li 2014), of which one bit
of each bin is kept (b-bit minwise hashing, Li and König 2010). Two sets with Jaccard index J have the same bit in a bin
with probability (1 + J) / 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.code.ngrams import KINDS, Features

BITS_OF_A_NUMBER = 24
"""Whole numbers below 2^24 are exact as float32, so a sketch can be stored beside a vector."""

MOST_BITS = 2_400
"""Most bits of a sketch of one kind."""
SKETCH_KINDS = (*KINDS, "t3")
"""The kinds of n-grams of which a sketch can be made."""

_EMPTY = np.uint32(0xFFFFFFFF)
_STEP, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)


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

    def __call__(self, features: Mapping[str, Features], functions: int) -> NDArray[np.float32]:
        """The sketches of `functions` functions, (functions, numbers): those of the first kind, then of the next.

        `features` are the n-grams of each kind, as `features_by_kind` returns them.
        """
        return np.concatenate([sketches(*features[kind], functions, self.bits) for kind in self.kinds], axis=1)

    def overlaps(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
        """The estimated Jaccard index of row i of both arrays of sketches, for each kind, (n, kinds)."""
        sides = (np.split(sketch, len(self.kinds), axis=1) for sketch in (first, second))
        return np.stack([overlaps(*kind) for kind in zip(*sides, strict=True)], axis=1)


def sketches(digests: NDArray[np.uint64], owners: NDArray[np.integer], sets: int, bits: int) -> NDArray[np.float32]:
    """A sketch of each of `sets` sets, (sets, bits / 24): whole numbers below 2^24.

    `digests` (n,) are the members of all sets, `owners` (n,) the index of each member's set; a member may be there
    twice. `bits` is a multiple of 24. The sketch of an empty set is 0.
    """
    bins = ((digests >> np.uint64(32)) * np.uint64(bits)) >> np.uint64(32)
    flat = np.full(sets * bits, _EMPTY)
    np.minimum.at(flat, owners * np.int64(bits) + bins.view(np.int64), digests.astype(np.uint32))
    least = flat.reshape(sets, bits)
    filled = least != _EMPTY
    # An empty bin takes the value of the next one that is not empty, mixed with the distance to it.
    index = np.arange(bits, dtype=np.int16)
    following = np.where(filled, index, np.int16(bits))
    first = following.min(axis=1, keepdims=True)
    following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    following = np.where(following < bits, following, first + np.int16(bits))
    values = np.take_along_axis(least, following.astype(np.int64) % bits, axis=1)
    values += (following - index).astype(np.uint32) * _STEP
    values ^= values >> np.uint32(15)
    values *= _MIX
    ones = values >> np.uint32(31)
    ones[~filled.any(axis=1)] = 0
    groups = ones.reshape(sets, bits // BITS_OF_A_NUMBER, BITS_OF_A_NUMBER)
    return (groups << np.arange(BITS_OF_A_NUMBER, dtype=np.uint32)).sum(axis=2, dtype=np.uint32).astype(np.float32)


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The estimated Jaccard index of row i of both arrays of sketches (n, numbers), (n,).

    Its standard error is sqrt((1 - J^2) / bits). It may be a little below 0.
    """
    different = np.bitwise_count(first.astype(np.uint32) ^ second.astype(np.uint32)).sum(axis=1, dtype=np.int64)
    return np.asarray(1 - 2 * different / (BITS_OF_A_NUMBER * first.shape[1]), dtype=np.float64)
