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
    """The rows of `functions`."""
    sizes = np.array([len(rows) for rows in functions], np.int64)
    starts = (np.cumsum(sizes) - sizes).astype(np.int32)
    return Bags(torch.from_numpy(np.concatenate(functions)), torch.from_numpy(starts))


class NgramEncoder(nn.Module):
    """A vector has two blocks, `meaning` and `structure`. Each is the sum of its features' rows, with length 1.

    A row is a direction times softplus of a weight, which starts at the feature's rarity: so the training begins with
    a random projection of TF-IDF. The rows of functions, as the reader gives them, are first those of the structural
    features, then those of the others and the buckets.
    """

    def __init__(self, vocabulary: Vocabulary, buckets: int, width: int, structure_width: int) -> None:
        super().__init__()
        self.structural = vocabulary.structural
        rarity = torch.from_numpy(vocabulary.rarity).float()
        structure_weights = _scaled(rarity[: self.structural])
        weights = torch.cat([_scaled(rarity[self.structural :]), torch.full((buckets,), 0.6)])
        self.meaning = nn.Parameter(torch.randn(len(weights), width) / width**0.5)
        self.meaning_weights = nn.Parameter(torch.log(torch.expm1(weights)))
        self.structure = nn.Parameter(torch.randn(self.structural, structure_width) / structure_width**0.5)
        self.structure_weights = nn.Parameter(torch.log(torch.expm1(structure_weights)))

    def tables(self) -> tuple[Tensor, Tensor]:
        """The rows of `meaning` (others + buckets, width) and of `structure` (structural, width)."""
        return (
            self.meaning * F.softplus(self.meaning_weights)[:, None],
            self.structure * F.softplus(self.structure_weights)[:, None],
        )

    def split(self, functions: Sequence[Rows]) -> tuple[list[Rows], list[Rows]]:
        """The rows of each function, in ascending order, in `meaning` and in `structure`."""
        borders = [int(np.searchsorted(rows, self.structural)) for rows in functions]
        return (
            [rows[border:] - np.int32(self.structural) for rows, border in zip(functions, borders, strict=True)],
            [rows[:border] for rows, border in zip(functions, borders, strict=True)],
        )

    def forward(self, meanings: Bags, structures: Bags) -> tuple[Tensor, Tensor]:
        """The blocks of functions with `meanings` and `structures`, (functions, width) each; 0 without any row."""
        meaning, structure = self.tables()
        return F.normalize(sums(meanings, meaning), dim=1), F.normalize(sums(structures, structure), dim=1)

    @staticmethod
    def joined(meaning: Tensor, structure: Tensor, structure_share: float) -> Tensor:
        """Vectors with length 1 whose dot product is the mean of both blocks' cosines, weighted by the share."""
        parts = (meaning * (1 - structure_share) ** 0.5, structure * structure_share**0.5)
        return F.normalize(torch.cat(parts, dim=1), dim=1)


def _scaled(rarity: Tensor) -> Tensor:
    """Weights in (0, 1] from rarities; without any feature there is nothing to scale."""
    return rarity if not len(rarity) else (rarity / rarity.max().clamp_min(1e-9)).clamp_min(0.02)


def sums(part: Bags, table: Tensor) -> Tensor:
    """The sum of each function's rows of `table`, (functions, width)."""
    if not len(part.rows):  # torch's bags may not all be empty
        return table.new_zeros(len(part.starts), table.shape[1])
    return F.embedding_bag(part.rows, table, part.starts, mode="sum")
