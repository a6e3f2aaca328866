"""The input of a teacher: token ids of the functions, or their states after the frozen layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from avatar.common.logging import progress
from avatar.data.batching import TokenTable, bucketed
from avatar.teacher.teacher_model import TeacherModel
from avatar.teacher.usable import check_tokens

MAX_CHARACTERS = 50_000
"""Longer functions are truncated before tokenizing: no teacher reads more than a few hundred tokens."""

MAX_STATE_BYTES = 3 * 1024**3
"""States after the frozen layers are kept in memory as float16 up to this size; otherwise they are recomputed."""


def tokenize(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> TokenTable:
    """Token ids of each text, with the model's special tokens, at most `max_length`.

    If the tokenizer knows no part of any text, that is a DataError.
    """
    rows: list[list[int]] = []
    for low in range(0, len(texts), 1000):
        part = [text[:MAX_CHARACTERS] for text in texts[low : low + 1000]]
        rows += tokenizer(part, truncation=True, max_length=max_length)["input_ids"]
    check_tokens(tokenizer, rows, texts)
    pad, unknown = tokenizer.pad_token_id, tokenizer.unk_token_id
    return TokenTable.from_lists(rows, 0 if pad is None else pad, 0 if unknown is None else unknown)


@dataclass(frozen=True)
class StateTable(TokenTable):
    """A token table whose `padded` gives the states after the frozen layers instead of token ids.

    `states` (tokens of `rows`, hidden); `starts` (functions + 1,) the first row of each function in `states`.
    """

    states: Tensor
    starts: NDArray[np.int64]

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """States (rows, longest, hidden) float32 and mask (rows, longest) bool of the functions `rows`."""
        lengths = self.lengths[rows]
        columns = np.arange(max(1, int(lengths.max(initial=0))))
        mask = torch.from_numpy(columns < lengths[:, None])
        index = np.minimum(self.starts[rows][:, None] + columns, len(self.states) - 1)
        return self.states[torch.from_numpy(index)].float(), mask


def state_bytes(tokens: TokenTable, rows: NDArray[np.int64], hidden_size: int) -> int:
    """Bytes of memory for the states of the functions `rows`, as float16."""
    return int(tokens.lengths[rows].sum()) * hidden_size * 2


def frozen_states(
    model: TeacherModel,
    tokens: TokenTable,
    rows: NDArray[np.int64],
    device: torch.device | str = "cpu",
    batch_size: int = 64,
) -> StateTable:
    """States of the functions `rows` after the frozen layers of `model`."""
    lengths = tokens.lengths[rows]
    row_starts = np.zeros(len(rows), dtype=np.int64)
    np.cumsum(lengths[:-1], out=row_starts[1:])
    states = torch.empty((max(1, int(lengths.sum())), model.hidden_size), dtype=torch.float16)
    model.to(device)
    with torch.inference_mode():
        batches = bucketed(lengths, batch_size, None)
        for batch in progress(batches, "frozen layers of the teacher", len(batches)):
            input_ids, mask = tokens.padded(rows[batch])
            made = model.lower_states(input_ids.to(device), mask.to(device)).half().cpu()
            index = (torch.from_numpy(row_starts[batch])[:, None] + torch.arange(mask.shape[1]))[mask]
            states[index] = made[mask]
    starts = np.zeros(len(tokens.offsets), dtype=np.int64)
    starts[rows] = row_starts
    return StateTable(tokens.ids, tokens.offsets, tokens.pad_id, tokens.unknown_id, states, starts)


def vector_table(vectors: NDArray[np.float32]) -> StateTable:
    """Like `frozen_states`, for a model of which only the head is trained: each function has one state, its vector.

    `vectors` (functions, hidden). Every pooling of one state gives this state, so the trainable part can use both
    tables.
    """
    starts = np.arange(len(vectors) + 1, dtype=np.int64)
    return StateTable(np.zeros(len(vectors), dtype=np.int32), starts, 0, 0, torch.from_numpy(vectors), starts)
