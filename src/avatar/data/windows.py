"""The distinct windows of tokens of every function: all that a student that takes their maximum can see."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.data.batching import TokenTable


@dataclass(frozen=True)
class WindowTable:
    """Windows of every function of a corpus, each once.

    `windows` (windows, size) int32 token ids; function `row` has `windows[offsets[row]:offsets[row + 1]]`;
    `offsets` (functions + 1,).
    """

    windows: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Windows of each function, (functions,)."""
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Windows (rows, most, size) int64 and mask (rows, most) bool of some functions.

        Places past a function's last window repeat it, which changes no maximum.
        """
        lengths = self.lengths[rows]
        columns = np.arange(int(lengths.max(initial=1)))
        places = self.offsets[rows][:, None] + np.minimum(columns, lengths[:, None] - 1)
        mask = columns < lengths[:, None]
        return torch.from_numpy(self.windows[places].astype(np.int64)), torch.from_numpy(mask)


def distinct_windows(tokens: TokenTable, size: int) -> WindowTable:
    """Every window of `size` tokens (odd) around each token of each function, padded at its ends, once."""
    side = size // 2
    lengths = tokens.lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    wide = np.full(len(tokens.ids) + 2 * side * len(lengths), tokens.pad_id, dtype=np.int32)
    places = np.arange(len(tokens.ids)) + side * (2 * owner + 1)
    wide[places] = tokens.ids
    windows = wide[places[:, None] + np.arange(-side, side + 1)]
    order = np.lexsort((*windows.T[::-1], owner))
    windows, owner = windows[order], owner[order]
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (windows[1:] != windows[:-1]).any(axis=1) | (owner[1:] != owner[:-1])
    counts = np.bincount(owner[new], minlength=len(lengths))
    return WindowTable(windows[new], np.concatenate([[0], np.cumsum(counts)]))
