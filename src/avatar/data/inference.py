"""Logits of a trained model for many examples: each distinct function is encoded once."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.common.logging import progress
from avatar.data.batching import Readable, TokenTable, bucketed
from avatar.data.kept_vectors import KeptVectors


class Encoder(Protocol):
    """The methods that teachers and students share (both are `torch.nn.Module`)."""

    training: bool

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors (functions, hidden) of padded functions (functions, tokens)."""

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (examples, classes) of vectors (examples, arity, hidden) of each example's functions."""

    def train(self, mode: bool = True) -> object:
        """Switch dropout on or off."""

    def to(self, device: torch.device | str) -> object:
        """Move the weights."""


@torch.inference_mode()
def encode_functions(
    model: Encoder,
    tokens: Readable,
    rows: NDArray[np.int64],
    batch_size: int = 64,
    device: torch.device | str = "cpu",
    label: str = "encoding",
    keep: Path | None = None,
) -> NDArray[np.float32]:
    """Vectors (rows, hidden) of the functions `rows`, in this order, computed without dropout.

    With `keep`, a folder of this model and these tokens, they are saved there in shards while they are computed, and a
    later call goes on from them. The caller removes the folder.
    """
    was_training = model.training
    model.to(device)
    model.train(False)

    def encode(indices: NDArray[np.int64]) -> NDArray[np.float32]:
        input_ids, mask = tokens.padded(rows[indices])
        return np.asarray(model.encode(input_ids.to(device), mask.to(device)).float().cpu().numpy())

    try:
        batches = bucketed(tokens.lengths[rows], batch_size, None)
        if not batches:
            return np.empty((0, 0), dtype=np.float32)
        parts = (
            map(encode, progress(batches, label, len(batches)))
            if keep is None
            else KeptVectors(keep, rows, batches).parts(encode, label)
        )
        order, start = np.concatenate(batches), 0
        vectors: NDArray[np.float32] | None = None
        for part in parts:
            if vectors is None:
                vectors = np.empty((len(rows), part.shape[1]), dtype=np.float32)
            vectors[order[start : start + len(part)]] = part
            start += len(part)
        assert vectors is not None  # there is at least one batch
        return vectors
    finally:
        model.train(was_training)


@torch.inference_mode()
def classify_vectors(
    model: Encoder,
    vectors: NDArray[np.float32],
    members: NDArray[np.int64],
    batch_size: int = 4096,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Logits (examples, classes) of examples whose `members` (examples, arity) are rows of `vectors`."""
    was_training = model.training
    model.to(device)
    model.train(False)
    try:
        parts = []
        for low in range(0, len(members), batch_size):
            joined = torch.from_numpy(vectors[members[low : low + batch_size]])
            parts.append(model.classify(joined.to(device)).float().cpu())
    finally:
        model.train(was_training)
    return torch.cat(parts).numpy() if parts else np.empty((0, 2), dtype=np.float32)


def predict_logits(
    model: Encoder,
    tokens: TokenTable,
    members: NDArray[np.int64],
    batch_size: int = 64,
    device: torch.device | str = "cpu",
    label: str = "predicting",
) -> NDArray[np.float32]:
    """Logits (examples, classes) of examples whose `members` (examples, arity) are functions of `tokens`."""
    distinct, indices = np.unique(members, return_inverse=True)
    vectors = encode_functions(model, tokens, distinct, batch_size, device, label)
    return classify_vectors(model, vectors, indices.reshape(members.shape), device=device)
