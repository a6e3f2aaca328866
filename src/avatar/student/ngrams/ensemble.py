"""One student from several trainings: what they agree on stays, what only one of them learned goes.

The vector of several students side by side is better than that of each, and as wide as all together. A vector is a sum
of rows, so any linear map of it is the same map of the rows: the rows of all are put side by side and projected onto
the directions in which the vectors of the training's functions are largest (principal component analysis without a
mean). A random rotation then spreads the information over all numbers of a row, because each becomes -1, 0 or 1.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.student.ngrams.encoder import NgramEncoder, Rows, bags, sums

AT_ONCE = 2_048
"""Functions that are encoded at once."""

Tables = tuple[NDArray[np.float32], NDArray[np.float32]]


def merged(members: Sequence[NgramEncoder], rows: Sequence[Rows], seed: int = 0) -> Tables:
    """The tables `meaning` (others + buckets, width) and `structure` (structural, width) of one student from `members`.

    All members have the same features and widths. `rows` are those of the functions that decide which directions stay.
    """
    random = torch.Generator().manual_seed(seed)
    meanings, structures = members[0].split(rows)
    with torch.no_grad():
        meaning, structure = zip(*[member.tables() for member in members], strict=True)
        return _projected(meaning, meanings, random).numpy(), _projected(structure, structures, random).numpy()


def _projected(tables: Sequence[Tensor], functions: Sequence[Rows], random: torch.Generator) -> Tensor:
    width = tables[0].shape[1]
    wide = torch.cat([table / _mean_length(table, functions) for table in tables], dim=1)
    moments = torch.zeros(wide.shape[1], wide.shape[1])
    for low in range(0, len(functions), AT_ONCE):
        vectors = torch.nn.functional.normalize(sums(bags(functions[low : low + AT_ONCE]), wide), dim=1)
        moments += vectors.T @ vectors
    directions = torch.linalg.eigh(moments.double()).eigenvectors[:, -width:].float()
    rotation = torch.linalg.qr(torch.randn(width, width, generator=random)).Q
    return wide @ (directions @ rotation)


def _mean_length(table: Tensor, functions: Sequence[Rows]) -> Tensor:
    """Mean length of the functions' vectors: so each member has the same say."""
    total = sum(
        sums(bags(functions[low : low + AT_ONCE]), table).norm(dim=1).sum() for low in range(0, len(functions), AT_ONCE)
    )
    return torch.as_tensor(total / max(1, len(functions))).clamp_min(1e-9)
