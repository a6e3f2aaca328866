"""What kind of clones the functions of a group are, in words that say why they were found."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

SAME_STRUCTURE = 0.999
"""Cosine in the block `structure` of functions that differ in names of variables only."""
NEAR_STRUCTURE = 0.7
"""The same of functions of which most statements are equal."""


class CloneKind(StrEnum):
    """Exact, renamed and near are the types 1, 2 and 3 of the literature, semantic is type 4.

    Copied is a group of folders, files or classes: most of the functions of one are also in the others.
    """

    EXACT = "exact"
    RENAMED = "renamed"
    NEAR = "near"
    SEMANTIC = "semantic"
    COPIED = "copied"

    @property
    def reason(self) -> str:
        """Why functions of this kind are clones."""
        return _REASONS[self]


_REASONS = {
    CloneKind.EXACT: "the same text",
    CloneKind.RENAMED: "the same statements with other names",
    CloneKind.NEAR: "some statements differ",
    CloneKind.SEMANTIC: "other statements that do a similar thing",
    CloneKind.COPIED: "most functions of one are in the others",
}


def clone_kind(structures: Sequence[NDArray[np.float32]]) -> CloneKind:
    """The kind of the least similar member of a group, from the blocks `structure` of its different texts."""
    vectors = np.stack(list(structures)).astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    least = float((vectors @ vectors[0]).min())
    if least >= SAME_STRUCTURE:
        return CloneKind.RENAMED
    return CloneKind.NEAR if least >= NEAR_STRUCTURE else CloneKind.SEMANTIC
