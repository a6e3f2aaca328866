"""A teacher's view of the functions: token ids, or the states that its frozen layers make of them."""

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

MAX_CHARACTERS = 50_000
"""Longer functions are cut before tokenizing: no teacher reads more than a few hundred tokens."""

MAX_STATE_BYTES = 3 * 1024**3
"""States of the frozen layers are kept in memory up to this size, as float16; larger ones are recomputed."""


def tokenize(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> TokenTable:
    """Token ids of each text with the model's special tokens, at most `max_length` of them."""
    rows: list[list[int]] = []
    for low in range(0, len(texts), 1000):
        part = [text[:MAX_CHARACTERS] for text in texts[low : low + 1000]]
        rows += tokenizer(part, truncation=True, max_length=max_length)["input_ids"]
    pad, unknown = tokenizer.pad_token_id, tokenizer.unk_token_id
    return TokenTable.from_lists(rows, 0 if pad is None else pad, 0 if unknown is None else unknown)


@dataclass(frozen=True)
class StateTable(TokenTable):
    """A token table whose `padded` gives the states after the frozen layers instead of token ids.

    `states` (tokens of `rows`, hidden); `places` (functions + 1,) where each function's states start.
    """

    states: Tensor
    places: NDArray[np.int64]

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """States (rows, longest, hidden) float32 and mask (rows, longest) bool of some functions."""
        lengths = self.lengths[rows]
        columns = np.arange(max(1, int(lengths.max(initial=0))))
        mask = torch.from_numpy(columns < lengths[:, None])
        index = np.minimum(self.places[rows][:, None] + columns, len(self.states) - 1)
        return self.states[torch.from_numpy(index)].float(), mask


def state_bytes(tokens: TokenTable, rows: NDArray[np.int64], hidden_size: int) -> int:
    """Memory of the states of some functions."""
    return int(tokens.lengths[rows].sum()) * hidden_size * 2


def frozen_states(
    model: TeacherModel,
    tokens: TokenTable,
    rows: NDArray[np.int64],
    device: torch.device | str = "cpu",
    batch_size: int = 64,
) -> StateTable:
    """Run some functions, each once, through the frozen layers of `model`."""
    lengths = tokens.lengths[rows]
    starts = np.zeros(len(rows), dtype=np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    states = torch.empty((max(1, int(lengths.sum())), model.hidden_size), dtype=torch.float16)
    model.to(device)
    with torch.inference_mode():
        batches = bucketed(lengths, batch_size, None)
        for batch in progress(batches, "frozen layers of the teacher", len(batches)):
            input_ids, mask = tokens.padded(rows[batch])
            made = model.lower_states(input_ids.to(device), mask.to(device)).half().cpu()
            index = (torch.from_numpy(starts[batch])[:, None] + torch.arange(mask.shape[1]))[mask]
            states[index] = made[mask]
    places = np.zeros(len(tokens.offsets), dtype=np.int64)
    places[rows] = starts
    return StateTable(tokens.ids, tokens.offsets, tokens.pad_id, tokens.unknown_id, states, places)


def vector_table(vectors: NDArray[np.float32]) -> StateTable:
    """As `frozen_states` for a model in which only the head learns: a function's one state is its vector.

    `vectors` (functions, hidden). Pooling one state gives that state, whatever the pooling, so the learning part reads
    both tables alike.
    """
    places = np.arange(len(vectors) + 1, dtype=np.int64)
    return StateTable(np.zeros(len(vectors), dtype=np.int32), places, 0, 0, torch.from_numpy(vectors), places)
