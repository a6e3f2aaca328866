"""The distinct windows of tokens of every function: the whole input of a student that pools by maximum."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.data.batching import TokenTable


@dataclass(frozen=True)
class WindowTable:
    """The distinct windows of every function of a corpus.

    `windows` (windows, size) int32 token ids; function `row` has `windows[offsets[row]:offsets[row + 1]]`;
    `offsets` (functions + 1,).
    """

    windows: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of windows of each function, (functions,)."""
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Windows (rows, most, size) int64 and mask (rows, most) bool of the functions `rows`.

        A function's last window is repeated as padding, which does not change the maximum.
        """
        lengths = self.lengths[rows]
        columns = np.arange(int(lengths.max(initial=1)))
        indices = self.offsets[rows][:, None] + np.minimum(columns, lengths[:, None] - 1)
        mask = columns < lengths[:, None]
        return torch.from_numpy(self.windows[indices].astype(np.int64)), torch.from_numpy(mask)


def distinct_windows(tokens: TokenTable, size: int) -> WindowTable:
    """The distinct windows of `size` tokens (odd), one around each token; functions are padded at both ends."""
    side = size // 2
    lengths = tokens.lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    wide = np.full(len(tokens.ids) + 2 * side * len(lengths), tokens.pad_id, dtype=np.int32)
    indices = np.arange(len(tokens.ids)) + side * (2 * owner + 1)
    wide[indices] = tokens.ids
    windows = wide[indices[:, None] + np.arange(-side, side + 1)]
    bits = int(windows.max(initial=1)).bit_length()
    kept = _distinct_packed(windows, tokens.offsets, bits) if bits * size <= 63 else _distinct(windows, owner)
    counts = np.bincount(owner[kept], minlength=len(lengths))
    return WindowTable(windows[kept], np.concatenate([[0], np.cumsum(counts)]))


def _distinct_packed(windows: NDArray[np.int32], offsets: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Indices of the distinct windows of each function, by packing each window into one number."""
    keys = np.zeros(len(windows), dtype=np.int64)
    for column in windows.T:
        keys = (keys << bits) | column
    parts = [
        start + np.unique(keys[start:end], return_index=True)[1]
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
    return np.concatenate(parts)


def _distinct(windows: NDArray[np.int32], owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Like `_distinct_packed`, for windows that do not fit into one number; sorts all windows, so it is slower."""
    order = np.lexsort((*windows.T[::-1], owner))
    ordered, owners = windows[order], owner[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1) | (owners[1:] != owners[:-1])
    kept: NDArray[np.int64] = order[new]
    return kept
