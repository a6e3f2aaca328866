"""The rows of an n-gram student as a torch module."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from avatar.student.ngrams.features import Vocabulary

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Bags:
    """The rows of several functions, one after the other; `starts` (functions,) is where each begins."""

    rows: Tensor
    starts: Tensor


def bags(functions: Sequence[Rows]) -> Bags:
    """The rows of `functions`; one without rows gets row 0, because torch's bags may not all be empty."""
    filled = [rows if len(rows) else np.zeros(1, np.int32) for rows in functions]
    sizes = np.array([len(rows) for rows in filled], np.int64)
    starts = (np.cumsum(sizes) - sizes).astype(np.int32)
    return Bags(torch.from_numpy(np.concatenate(filled)), torch.from_numpy(starts))


class NgramEncoder(nn.Module):
    """A vector is the sum of its features' rows, and then gets length 1.

    A row is a direction times softplus of a weight, which starts at the feature's rarity: so the training begins with
    a random projection of TF-IDF. The block `meaning` has a row for each feature and bucket, the block `structure` for
    each structural feature only.
    """

    def __init__(self, vocabulary: Vocabulary, buckets: int, width: int, structure_width: int) -> None:
        super().__init__()
        rarity = torch.tensor(vocabulary.rarity / max(float(vocabulary.rarity.max(initial=0)), 1e-9)).float()
        weights = torch.cat([rarity, torch.full((buckets,), 0.6)]).clamp_min(0.02)
        self.structural = vocabulary.structural
        self.meaning = nn.Parameter(torch.randn(len(weights), width) / width**0.5)
        self.meaning_weights = nn.Parameter(torch.log(torch.expm1(weights)))
        self.structure = nn.Parameter(torch.randn(self.structural, structure_width) / structure_width**0.5)
        self.structure_weights = nn.Parameter(torch.log(torch.expm1(weights[: self.structural])))

    def tables(self) -> tuple[Tensor, Tensor]:
        """The rows of `meaning` (features + buckets, width) and of `structure` (structural, width)."""
        return (
            self.meaning * F.softplus(self.meaning_weights)[:, None],
            self.structure * F.softplus(self.structure_weights)[:, None],
        )

    def forward(self, functions: Bags, structures: Bags) -> tuple[Tensor, Tensor]:
        """Vectors of `functions` in the block `meaning`, and of `structures` in the block `structure`."""
        meaning, structure = self.tables()
        structure = torch.cat([structure, structure.new_zeros(1, structure.shape[1])])  # for all other rows
        inner = structures.rows.clamp_max(self.structural)
        return (
            F.normalize(F.embedding_bag(functions.rows, meaning, functions.starts, mode="sum"), dim=1),
            F.normalize(F.embedding_bag(inner, structure, structures.starts, mode="sum"), dim=1),
        )
