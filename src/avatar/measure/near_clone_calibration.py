"""Pairs for the calibrated head, from projects that no training saw.

Clones are functions with their copies, and two releases of a function. Others are functions with different names in
different projects, and, with a small share, other functions of one file that have another structure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.bundle.pair_head import PairHead, unit_block
from avatar.measure.pair_calibration import LabelledPairs, fit_pair_head, natural_calibration_error
from avatar.metrics.pairs_of_vectors import NATURAL_RATE
from avatar.student.ngrams.collection import Collection

Encode = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Vectors (functions, width) from codes and languages."""

SIBLINGS = 0.02
"""Share of the other pairs that are in one file. In a code base it is smaller, but there scans err first."""
ALIKE = 0.8
"""Functions of one file with at least this cosine in the block `structure` may be clones, and are left out."""
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
class Calibration:
    """The head, its expected calibration error over all held-out pairs and over those with a probability of at least
    0.5, and by kind of clone the share that has at least this probability."""

    head: PairHead
    error: float
    error_of_shown: float
    recall: dict[str, float]
    false_positives: float


def calibrate(
    clones: Collection, others: Sequence[RealFunction], encode: Encode, structure: slice, seed: int = 0
) -> Calibration:
    """Fit the head on half of the pairs, measure it on the other half, and fit it again on all."""
    rng = np.random.default_rng(seed)
    kinds, cosines, lengths, structures = _clones(clones, encode, structure)
    other_cosines, other_lengths, weights, other_structures = _others(others, encode, structure, rng)
    is_clone = np.arange(len(cosines) + len(other_cosines)) < len(cosines)
    pairs = LabelledPairs(
        np.concatenate([cosines, other_cosines]),
        np.concatenate([lengths, other_lengths]),
        np.zeros(len(is_clone), dtype=bool),
        is_clone,
        np.concatenate([np.full(len(cosines), NATURAL_RATE / len(cosines)), (1 - NATURAL_RATE) * weights]),
        np.concatenate([structures, other_structures]),
    )
    half = rng.random(len(is_clone)) < 0.5
    held_out = _part(pairs, ~half)
    probabilities = held_out.probabilities(fit_pair_head(_part(pairs, half)))
    head = fit_pair_head(pairs)
    likely = pairs.probabilities(head) >= 0.5
    return Calibration(
        head,
        natural_calibration_error(probabilities, held_out.clones, held_out.weights),
        natural_calibration_error(probabilities, held_out.clones, held_out.weights, 0.5),
        {kind: float(likely[: len(kinds)][kinds == kind].mean()) for kind in sorted(set(kinds.tolist()))},
        float((likely[len(kinds) :] * weights).sum()),
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
    )


def _clones(
    clones: Collection, encode: Encode, structure: slice
) -> tuple[NDArray[np.str_], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    pairs = [
        (kind, one, copy)
        for one, copies in clones.copies.items()
        for kind, copy in copies.items()
        if kind != "reformat"
    ] + [("release", first, second) for first, second in (group[:2] for group in clones.releases)]
    vectors = encode(clones.codes, clones.languages)
    sizes = np.array([len(code) for code in clones.codes], np.float64)
    kinds = np.array([kind for kind, _, _ in pairs])
    first, second = (np.array([pair[side] for pair in pairs]) for side in (1, 2))
    cosines = np.einsum("nw,nw->n", vectors[first], vectors[second]).astype(np.float64)
    inner = unit_block(vectors, structure)
    structures = np.einsum("nw,nw->n", inner[first], inner[second]).astype(np.float64)
    return kinds, cosines, np.abs(np.log(sizes[first] / sizes[second])), structures


def _others(
    functions: Sequence[RealFunction], encode: Encode, structure: slice, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Cosines, length ratios, weights (with sum 1) and cosines of structure of pairs that are not clones."""
    parts: list[tuple[NDArray[np.float64], ...]] = []
    for language in sorted({one.language for one in functions}):
        mine = [one for one in functions if one.language == language]
        chosen = [mine[row] for row in rng.permutation(len(mine))[:MOST_FUNCTIONS]]
        vectors = encode([one.code for one in chosen], [one.language for one in chosen])
        first, second = np.triu_indices(len(chosen), 1)
        cosines = (vectors @ vectors.T)[first, second].astype(np.float64)
        inner = unit_block(vectors, structure)
        structures = (inner @ inner.T)[first, second].astype(np.float64)
        alike = structures >= ALIKE
        project, file, name = (np.array([getattr(one, key) for one in chosen]) for key in ("project", "file", "name"))
        named_differently = name[first] != name[second]
        elsewhere = (project[first] != project[second]) & named_differently
        siblings = (file[first] == file[second]) & named_differently & ~alike
        sizes = np.log([len(one.code) for one in chosen])
        for rows, share in ((elsewhere, 1 - SIBLINGS), (siblings, SIBLINGS)):
            found = np.flatnonzero(rows)
            found = found[np.argsort(-cosines[found], kind="stable")]
            weights = np.ones(len(found))
            if len(found) > HARDEST + DRAWN:
                kept = np.append(np.arange(HARDEST), rng.choice(np.arange(HARDEST, len(found)), DRAWN, replace=False))
                weights = np.append(np.ones(HARDEST), np.full(DRAWN, (len(found) - HARDEST) / DRAWN))
                found = found[kept]
            if len(found):
                lengths = np.abs(sizes[first[found]] - sizes[second[found]])
                parts.append((cosines[found], lengths, weights / weights.sum() * share, structures[found]))
    cosines, lengths, weights, structures = (np.concatenate([part[column] for part in parts]) for column in range(4))
    return cosines, lengths, weights / weights.sum(), structures
