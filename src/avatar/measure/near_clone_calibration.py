"""Pairs for the calibrated heads, from projects that no training saw.

Clones are functions with their copies, and two releases of a function. Others are functions with different names in
different projects, and, with a small share, other functions of one file that have another structure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar.bundle.pair_head import PairHead, unit_block
from avatar.code.alignment import is_aligned, masked_tokens
from avatar.code.lexer import Lexer
from avatar.code.sketches import SketchRules
from avatar.measure.pair_calibration import LabelledPairs, fit_pair_head, natural_calibration_error
from avatar.metrics.pairs_of_vectors import NATURAL_RATE
from avatar.student.ngrams.collection import Collection

Encode = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""From codes and languages to what is kept of functions: vectors, and behind them their sketches."""

SIBLINGS = 0.002
"""Share of the other pairs that are in one file, as in a project of 5,000 functions with ten in a file."""
MOST_FUNCTIONS = 2_500
HARDEST, DRAWN = 20_000, 30_000
"""Per language: the most similar other pairs, which are all used, and further ones, each of which stands for many."""


@dataclass(frozen=True)
class RealFunction:
    """A function of a project, for pairs that are not clones."""

    code: str
    language: str
    project: str
    file: str
    name: str


@dataclass(frozen=True)
class Layout:
    """What the numbers that are kept of a function are: the block `structure`, and the sketches behind the vector."""

    structure: slice
    sketches: SketchRules


@dataclass(frozen=True)
class Calibration:
    """The heads for vectors alone, and for vectors with sketches; the rest is about the second.

    `error` is the expected calibration error over all held-out pairs, `error_of_shown` that over those with a
    probability of at least 0.5, and `recall` is by kind of clone the share that has at least this probability.
    """

    head: PairHead
    sketch_head: PairHead
    error: float
    error_of_shown: float
    recall: dict[str, float]
    false_positives: float


def calibrate(
    clones: Collection, others: Sequence[RealFunction], encode: Encode, layout: Layout, seed: int = 0
) -> Calibration:
    """Fit the heads on half of the pairs, measure on the other half, and fit them again on all."""
    rng = np.random.default_rng(seed)
    kinds, positive = _clones(clones, encode, layout)
    pairs = _joined([positive, *_others(others, encode, layout, rng)])
    half = rng.random(len(pairs.clones)) < 0.5
    held_out = _part(pairs, ~half)
    probabilities = held_out.probabilities(fit_pair_head(_part(pairs, half)))
    sketch_head = fit_pair_head(pairs)
    likely = pairs.probabilities(sketch_head) >= 0.5
    return Calibration(
        fit_pair_head(replace(pairs, overlaps=None)),
        sketch_head,
        natural_calibration_error(probabilities, held_out.clones, held_out.weights),
        natural_calibration_error(probabilities, held_out.clones, held_out.weights, 0.5),
        {kind: float(likely[: len(kinds)][kinds == kind].mean()) for kind in sorted(set(kinds.tolist()))},
        float((likely[len(kinds) :] * pairs.weights[len(kinds) :]).sum()),
    )


def _part(pairs: LabelledPairs, rows: NDArray[np.bool_]) -> LabelledPairs:
    weights = pairs.weights[rows]
    return LabelledPairs(
        pairs.cosines[rows],
        pairs.length_ratios[rows],
        pairs.other_language[rows],
        pairs.clones[rows],
        weights / weights.sum(),
        None if pairs.structures is None else pairs.structures[rows],
        None if pairs.overlaps is None else pairs.overlaps[rows],
    )


def _joined(parts: Sequence[LabelledPairs]) -> LabelledPairs:
    """All pairs, with natural weights: the clones' are `NATURAL_RATE` in sum, those of the others the rest."""
    first, *rest = parts
    others = sum(part.weights.sum() for part in rest)
    weights = [NATURAL_RATE * first.weights, *((1 - NATURAL_RATE) / others * part.weights for part in rest)]
    return LabelledPairs(
        np.concatenate([part.cosines for part in parts]),
        np.concatenate([part.length_ratios for part in parts]),
        np.concatenate([part.other_language for part in parts]),
        np.concatenate([part.clones for part in parts]),
        np.concatenate(weights),
        np.concatenate([part.structures for part in parts if part.structures is not None]),
        np.concatenate([part.overlaps for part in parts if part.overlaps is not None]),
    )


def _facts(
    first: NDArray[np.float32], second: NDArray[np.float32], clones: bool, weights: NDArray[np.float64], layout: Layout
) -> LabelledPairs:
    """Pairs of row i of both arrays, and whether they are clones.

    The lengths count as equal: they tell near clones hardly better from others, and clones of other meaning worse.
    """
    end = layout.structure.stop
    inner = (unit_block(side, layout.structure) for side in (first, second))
    return LabelledPairs(
        np.einsum("nw,nw->n", first[:, :end], second[:, :end]).astype(np.float64),
        np.zeros(len(first)),
        np.zeros(len(first), dtype=bool),
        np.full(len(first), clones),
        weights,
        np.einsum("nw,nw->n", *inner).astype(np.float64),
        layout.sketches.overlaps(first[:, end:], second[:, end:]),
    )


def _clones(clones: Collection, encode: Encode, layout: Layout) -> tuple[NDArray[np.str_], LabelledPairs]:
    """The kind of each pair of clones, and the pairs; their weights are 1 in sum."""
    pairs = [
        (kind, one, copy)
        for one, copies in clones.copies.items()
        for kind, copy in copies.items()
        if kind != "reformat"
    ] + [("release", first, second) for first, second in (group[:2] for group in clones.releases)]
    rows = encode(clones.codes, clones.languages)
    first, second = (np.array([pair[side] for pair in pairs]) for side in (1, 2))
    weights = np.full(len(pairs), 1 / len(pairs))
    return np.array([kind for kind, _, _ in pairs]), _facts(rows[first], rows[second], True, weights, layout)


def _others(
    functions: Sequence[RealFunction], encode: Encode, layout: Layout, rng: np.random.Generator
) -> list[LabelledPairs]:
    """Pairs that are not clones, by language and sort; the weights of a language are 1 in sum."""
    parts: list[LabelledPairs] = []
    lexer = Lexer()
    for language in sorted({one.language for one in functions}):
        mine = [one for one in functions if one.language == language]
        chosen = [mine[row] for row in rng.permutation(len(mine))[:MOST_FUNCTIONS]]
        codes, languages = [one.code for one in chosen], [one.language for one in chosen]
        rows = encode(codes, languages)
        vectors = rows[:, : layout.structure.stop]
        first, second = np.triu_indices(len(chosen), 1)
        cosines = (vectors @ vectors.T)[first, second]
        project, file, name = (np.array([getattr(one, key) for one in chosen]) for key in ("project", "file", "name"))
        named_differently = name[first] != name[second]
        elsewhere = np.flatnonzero((project[first] != project[second]) & named_differently)
        siblings = np.flatnonzero((file[first] == file[second]) & named_differently)
        tokens = masked_tokens(lexer, codes, languages)
        alike = [
            is_aligned(tokens[one], tokens[two]) for one, two in zip(first[siblings], second[siblings], strict=True)
        ]
        siblings = siblings[~np.array(alike, dtype=bool)]
        for found, share in ((elsewhere, 1 - SIBLINGS), (siblings, SIBLINGS)):
            found = found[np.argsort(-cosines[found], kind="stable")]
            weights = np.ones(len(found))
            if len(found) > HARDEST + DRAWN:
                kept = np.append(np.arange(HARDEST), rng.choice(np.arange(HARDEST, len(found)), DRAWN, replace=False))
                weights = np.append(np.ones(HARDEST), np.full(DRAWN, (len(found) - HARDEST) / DRAWN))
                found = found[kept]
            if len(found):
                weights = weights / weights.sum() * share
                parts.append(_facts(rows[first[found]], rows[second[found]], False, weights, layout))
    return parts
