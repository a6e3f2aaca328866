"""The calibrated head of an embedding student: from two vectors to the probability that the functions are clones."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.bundle.strict_json import number, numbers, shown

Numbers = NDArray[np.floating[Any]]

LARGEST = 1e6
"""Largest absolute value of a number of the head; larger ones would overflow."""
MOST_KNOTS = 1_000

_OPTIONAL = ("structure_knots", "structure_slopes", "overlap_knots", "overlap_slopes")


@dataclass(frozen=True)
class PairHead:
    """Log-odds of a clone: bias + sum of slopes * max(0, cosine - knot) + facts about the two functions.

    Slopes are at least 0, so a higher cosine never gives a lower probability. `length` is the weight of
    |log(characters of one / characters of the other)|, at most 0, `other_language` that of two different known
    languages. The probability is right where `base_rate` of all pairs are clones. `structure_knots` and
    `structure_slopes` are the same for the cosine of the block `structure`, which n-gram students have: a function with
    other names is a clone, though only its structure stays the same. `overlap_knots` and `overlap_slopes` are the same
    for the overlaps of sketches, if the student has them: the slopes of all knots for the first kind of sketch, then
    those for the next kind.
    """

    knots: tuple[float, ...]
    slopes: tuple[float, ...]
    bias: float
    length: float
    other_language: float
    base_rate: float
    structure_knots: tuple[float, ...] = ()
    structure_slopes: tuple[float, ...] = ()
    overlap_knots: tuple[float, ...] = ()
    overlap_slopes: tuple[float, ...] = ()

    def log_odds(
        self,
        cosines: Numbers,
        length_ratios: Numbers,
        other_language: NDArray[np.bool_],
        structures: Numbers | None = None,
        overlaps: Numbers | None = None,
    ) -> Numbers:
        """Log-odds (n,) from cosines, absolute logarithms of the ratio of lengths, and whether languages differ.

        `structures` (n,) are the cosines of the block `structure`; a head with `structure_knots` needs them.
        `overlaps` (n, kinds) are those of each kind of sketch; a head with `overlap_knots` needs them.
        """
        values = self.bias + _hinges(cosines, self.knots, self.slopes)
        if self.structure_knots:
            if structures is None:
                raise ValueError("this head reads the cosines of the block 'structure', and none are given")
            values += _hinges(structures, self.structure_knots, self.structure_slopes)
        if self.overlap_knots:
            if overlaps is None or overlaps.shape[1] != self.sketch_kinds:
                raise ValueError(f"this head reads the overlaps of {self.sketch_kinds} kinds of sketches")
            for kind, slopes in enumerate(np.reshape(self.overlap_slopes, (-1, len(self.overlap_knots)))):
                values += _hinges(overlaps[:, kind], self.overlap_knots, slopes.tolist())
        return values + self.length * length_ratios + self.other_language * other_language

    @property
    def sketch_kinds(self) -> int:
        """How many kinds of sketches the head reads."""
        return len(self.overlap_slopes) // len(self.overlap_knots) if self.overlap_knots else 0

    def probability(
        self,
        cosines: Numbers,
        length_ratios: Numbers,
        other_language: NDArray[np.bool_],
        structures: Numbers | None = None,
        overlaps: Numbers | None = None,
    ) -> NDArray[np.float64]:
        """Probability (n,) of a clone, from the same facts."""
        values = self.log_odds(cosines, length_ratios, other_language, structures, overlaps)
        return np.asarray(np.exp(-np.logaddexp(0.0, -values)), dtype=np.float64)

    def problems(self, key: str = "pair_head") -> list[str]:
        """One sentence for each wrong value; empty if all are valid. `key` is the head's name in config.json."""
        sentences = []
        knots = {name: getattr(self, name) for name in ("knots", "structure_knots", "overlap_knots")}
        slopes = {name: getattr(self, name) for name in ("slopes", "structure_slopes", "overlap_slopes")}
        lists = [value for values in (*knots.values(), *slopes.values()) for value in values]
        values = (*lists, self.bias, self.length, self.other_language, self.base_rate)
        if not all(math.isfinite(value) and abs(value) <= LARGEST for value in values):
            sentences.append(f"{key} has a number that is not finite, or above {LARGEST:,.0f}")
        if max(map(len, (*knots.values(), *slopes.values()))) > MOST_KNOTS:
            sentences.append(f"{key} has more than {MOST_KNOTS} knots")
        if len(self.knots) != len(self.slopes) or not self.knots:
            sentences.append(f"{key} has {len(self.knots)} knots and {len(self.slopes)} slopes, not as many, or none")
        if len(self.structure_knots) != len(self.structure_slopes):
            sentences.append(f"{key} has another number of structure_knots than of structure_slopes")
        if self.sketch_kinds * len(self.overlap_knots) != len(self.overlap_slopes):
            sentences.append(f"{key} does not have one of overlap_slopes for each knot and kind of sketch")
        for name, steps in slopes.items():
            if any(slope < 0 for slope in steps):
                sentences.append(f"{key}.{name} are {list(steps)}, not at least 0")
        if not 0 < self.base_rate < 1:
            sentences.append(f"{key}.base_rate is {self.base_rate}, not between 0 and 1")
        return sentences

    def as_dict(self) -> dict[str, Any]:
        """Plain data for config.json."""
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Any, key: str = "pair_head") -> "PairHead":
        """The head from a dictionary that `as_dict` returned; a wrong key or type is a ValueError that names `key`."""
        names = {entry.name for entry in dataclasses.fields(cls)}
        if isinstance(values, Mapping):
            values = {**dict.fromkeys(_OPTIONAL, ()), **values}  # heads of other students have none
        if not isinstance(values, Mapping) or set(values) != names:
            raise ValueError(f"{key} is {shown(values)}, not an object with {', '.join(sorted(names))}")
        lists = ("knots", "slopes", *_OPTIONAL)
        try:
            fields: dict[str, Any] = {name: numbers(values, name) for name in lists}
            fields |= {name: number(values, name) for name in names - set(lists)}
        except ValueError as error:
            raise ValueError(f"{key} has a wrong value: {error}") from error
        return cls(**fields)


def _hinges(values: Numbers, knots: Sequence[float], slopes: Sequence[float]) -> NDArray[np.float64]:
    """Sum of slope * max(0, value - knot), (n,)."""
    total = np.zeros(len(values), dtype=np.float64)
    for knot, slope in zip(knots, slopes, strict=True):
        if slope:
            total += slope * np.maximum(0.0, values - knot)
    return total


def length_ratios(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """|log(first / second)| (n,) of the numbers of characters (n,) of both functions; a length below 1 counts as 1."""
    left, right = (np.log(np.maximum(lengths.astype(np.float64), 1.0)) for lengths in (first, second))
    return np.asarray(np.abs(left - right), dtype=np.float64)


def languages_differ(first: NDArray[np.str_], second: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Whether both languages are known and different, (n,)."""
    return np.asarray((first != second) & (first != "") & (second != ""), dtype=np.bool_)


def unit_block(vectors: NDArray[np.float32], block: slice) -> NDArray[np.float32]:
    """A block of vectors (n, width), each with length 1; 0 stays 0."""
    part = vectors[:, block]
    return np.asarray(part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12), dtype=np.float32)
