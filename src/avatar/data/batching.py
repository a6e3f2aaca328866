"""Tokenized functions, batches of examples of similar length, and their collation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler


@dataclass(frozen=True)
class TokenTable:
    """Token ids of all functions of a corpus in one flat array.

    `ids` (tokens,) int32; function `row` holds `ids[offsets[row]:offsets[row + 1]]`; `offsets` (functions + 1,).
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    pad_id: int
    unknown_id: int

    @classmethod
    def from_lists(cls, rows: Sequence[Sequence[int]], pad_id: int, unknown_id: int) -> "TokenTable":
        """Pack lists of token ids, one list per function."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(offsets[-1]))
        return cls(flat, offsets, pad_id, unknown_id)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each function, (functions,)."""
        return np.diff(self.offsets)

    def truncated(self, max_length: int) -> "TokenTable":
        """The same functions with at most `max_length` tokens each."""
        lengths = self.lengths
        if lengths.max(initial=0) <= max_length:
            return self
        shorter = np.minimum(lengths, max_length)
        offsets = np.zeros_like(self.offsets)
        np.cumsum(shorter, out=offsets[1:])
        keep = np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], lengths) < max_length
        return TokenTable(self.ids[keep], offsets, self.pad_id, self.unknown_id)

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Token ids (rows, longest) int64 and attention mask (rows, longest) bool of the functions `rows`."""
        lengths = self.lengths[rows]
        width = max(1, int(lengths.max(initial=0)))
        columns = np.arange(width)
        mask = columns < lengths[:, None]
        ids = np.full((len(rows), width), self.pad_id, dtype=np.int64)
        ids[mask] = self.ids[(self.offsets[rows][:, None] + columns)[mask]]
        return torch.from_numpy(ids), torch.from_numpy(mask)


class Readable(Protocol):
    """Functions as a model reads them: as sequences of tokens, or as sets of distinct windows of tokens."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens or windows of each function, (functions,)."""

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Ids (rows, longest, ...) int64 and mask (rows, longest) bool of the functions `rows`."""


@dataclass
class Batch:
    """One batch. Each distinct function occurs once; `members` says which functions form each example.

    `input_ids` (functions, tokens) int64, or windows (functions, windows, window); `attention_mask`
    (functions, tokens or windows) bool; `members` (examples, arity) int64, rows of `input_ids`; `labels`
    (examples,) int64, the true labels; `soft` (examples, classes) float32, logits or log-probabilities of the
    teacher, or None; `rows` (examples,) int64, indices of the examples in their split; `vectors`
    (functions, width) float32, the teacher's vector of each function, or None.
    """

    input_ids: Tensor
    attention_mask: Tensor
    members: Tensor
    labels: Tensor
    soft: Tensor | None
    rows: Tensor
    vectors: Tensor | None = None

    def __len__(self) -> int:
        return len(self.members)

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return Batch(
            self.input_ids.to(device),
            self.attention_mask.to(device),
            self.members.to(device),
            self.labels.to(device),
            None if self.soft is None else self.soft.to(device),
            self.rows.to(device),
            None if self.vectors is None else self.vectors.to(device),
        )


class Examples(torch.utils.data.Dataset[int]):
    """The examples of one split over a token table. An item is its own index; `collate` makes the batch.

    `variants` (functions, k) are rows of `tokens`: each function itself and rewritten copies of it. Each batch
    draws one of them at random for each of its functions. While training, the index of an example is
    row + epoch * length, and the draw depends on these indices only. `vectors` (functions, width) are the
    teacher's vectors of the original functions, `languages` (examples,) those of the examples' first functions.
    """

    def __init__(
        self,
        tokens: Readable,
        members: NDArray[np.int64],
        labels: NDArray[np.int64],
        soft: NDArray[np.float32] | None = None,
        variants: NDArray[np.int64] | None = None,
        vectors: NDArray[np.float32] | None = None,
        languages: Sequence[str] = (),
    ) -> None:
        self.tokens = tokens
        self.members = members
        self.labels = labels
        self.soft = soft
        self.variants = variants
        self.vectors = vectors
        self.languages = languages

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, index: int) -> int:
        return index

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of the longest function of each example, (examples,)."""
        return self.tokens.lengths[self.members].max(axis=1)

    def collate(self, indices: Sequence[int]) -> Batch:
        """The batch of the examples `indices`, padded to its longest function."""
        absolute = np.asarray(indices, dtype=np.int64)
        rows = absolute % len(self)
        distinct, members = np.unique(self.members[rows], return_inverse=True)
        vectors = None if self.vectors is None else torch.from_numpy(self.vectors[distinct])
        if self.variants is not None:
            drawn = np.random.default_rng(absolute[:2]).integers(self.variants.shape[1], size=len(distinct))
            distinct = self.variants[distinct, drawn]
        input_ids, mask = self.tokens.padded(distinct)
        soft = None if self.soft is None else torch.from_numpy(self.soft[rows])
        return Batch(
            input_ids,
            mask,
            torch.from_numpy(members.reshape(len(rows), -1)),
            torch.from_numpy(self.labels[rows]),
            soft,
            torch.from_numpy(rows),
            vectors,
        )


def bucketed(
    lengths: NDArray[np.int64], batch_size: int, random: np.random.Generator | None, pool: int = 50
) -> list[NDArray[np.int64]]:
    """Divide examples into batches of similar length; returns the rows of each batch.

    With `random`, the examples are shuffled, sorted by length within pools of `pool` batches and divided; then
    the batches are shuffled. Without it, all examples are sorted, longest first. Each example is in one batch.
    """
    if random is None:
        order = np.argsort(-lengths, kind="stable")
        return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    order = random.permutation(len(lengths))
    step = batch_size * pool
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), step):
        part = order[start : start + step]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[low : low + batch_size] for low in range(0, len(part), batch_size)]
    return [batches[index] for index in random.permutation(len(batches))]


class BucketSampler(Sampler[list[int]]):
    """Batches of similar length. The same seed and epoch give the same batches; `set_epoch` sets the epoch.

    With a seed (while training), an index is row + epoch * length, as `Examples` expects. With several
    processes (`replicas` > 1), each process gets its own batches, and all get the same number.
    """

    def __init__(
        self, lengths: NDArray[np.int64], batch_size: int, seed: int | None, replicas: int = 1, rank: int = 0
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.replicas = replicas
        self.rank = rank
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which decides the order of the batches."""
        self.epoch = epoch

    def __len__(self) -> int:
        batches = -(-len(self.lengths) // self.batch_size)
        return -(-batches // self.replicas) if self.seed is None else max(1, batches // self.replicas)

    def __iter__(self) -> Iterator[list[int]]:
        random = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
        batches = bucketed(self.lengths, self.batch_size, random)
        start = 0 if self.seed is None else self.epoch * len(self.lengths)
        for batch in batches[self.rank :: self.replicas][: len(self)]:
            yield (batch + start).tolist()
