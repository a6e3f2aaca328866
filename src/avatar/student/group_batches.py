"""Batches of groups of clones that are near each other: their functions are hard negatives of each other."""

from collections.abc import Iterator

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from scipy import sparse
from torch.utils.data import Sampler

from avatar.data.batching import Examples, Readable
from avatar.data.inference import encode_functions
from avatar.metrics.vector_space import unit_vectors
from avatar.student.averaged_module import AveragedModule
from avatar.student.loss import NO_GROUP

Rows = NDArray[np.int64]
CHEAP_WIDTH = 64
"""Width of the vectors of the first epoch, in which the student knows nothing."""


class GroupSampler(Sampler[list[int]]):
    """Batches of about `batch_size` functions. Each function is in one batch of an epoch.

    The functions of a group come in pieces of `together`. A batch starts with one piece, then has the pieces of other
    groups that are nearest to it by `vectors`, up to the share `hard` of the batch, then random pieces. The same seed,
    epoch and vectors give the same batches. An index is row + epoch * length, as `Examples` expects. With several
    processes (`replicas` > 1), each process gets its own batches, and all get the same number.
    """

    def __init__(
        self,
        groups: Rows,
        batch_size: int,
        together: int,
        hard: float,
        seed: int,
        replicas: int = 1,
        rank: int = 0,
    ) -> None:
        unknown = groups == NO_GROUP
        numbers = groups.copy()
        numbers[unknown] = groups.max(initial=0) + 1 + np.arange(unknown.sum())  # each is a group of its own
        _, self.group_of = np.unique(numbers, return_inverse=True)
        order = np.argsort(self.group_of, kind="stable")
        self.members = np.split(order, np.flatnonzero(np.diff(self.group_of[order])) + 1)
        self.batch_size, self.together, self.hard, self.seed = batch_size, together, hard, seed
        self.replicas, self.rank = replicas, rank
        self.epoch = 0
        self.vectors: NDArray[np.float32] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which decides the pieces and their order."""
        self.epoch = epoch

    def representatives(self, epoch: int) -> Rows:
        """A random function of each group, by row, (groups,)."""
        random = np.random.default_rng([self.seed, epoch, 1])
        return np.asarray([rows[random.integers(len(rows))] for rows in self.members], dtype=np.int64)

    def _batches(self) -> int:
        return max(1, -(-len(self.group_of) // self.batch_size))

    def __len__(self) -> int:
        return max(1, self._batches() // self.replicas)

    def __iter__(self) -> Iterator[list[int]]:
        start = self.epoch * len(self.group_of)
        for batch in self.batches()[self.rank :: self.replicas][: len(self)]:
            yield (batch + start).tolist()

    def batches(self) -> list[Rows]:
        """The rows of each batch of this epoch."""
        random = np.random.default_rng([self.seed, self.epoch])
        pieces = [piece for rows in self.members for piece in _pieces(random.permutation(rows), self.together)]
        return _packed(pieces, self.group_of, self.vectors, self._batches(), self.hard, random)


def _pieces(rows: Rows, together: int) -> list[Rows]:
    """Pieces of `together` rows of a group. The last one has more if it would be one row."""
    cuts = list(range(together, len(rows), together))
    if cuts and len(rows) - cuts[-1] == 1:
        cuts.pop()
    return np.split(rows, cuts)


def _packed(
    pieces: list[Rows],
    group_of: Rows,
    vectors: NDArray[np.float32] | None,
    count: int,
    hard: float,
    random: np.random.Generator,
) -> list[Rows]:
    """Exactly `count` batches of about equal size (fewer only if there are fewer pieces), in random order."""
    groups = np.asarray([group_of[piece[0]] for piece in pieces])
    sizes = np.asarray([len(piece) for piece in pieces])
    order = random.permutation(len(pieces))
    free = np.ones(len(pieces), dtype=bool)
    left, next_random = int(sizes.sum()), 0
    batches: list[Rows] = []
    for remaining in range(min(count, len(pieces)), 0, -1):
        wanted, chosen, size = -(-left // remaining), list[int](), 0
        spare = int(free.sum()) - (remaining - 1)  # each later batch gets at least one piece

        def take(index: int) -> None:
            nonlocal size
            free[index] = False
            chosen.append(index)  # noqa: B023
            size += int(sizes[index])

        while not free[order[next_random]]:
            next_random += 1
        take(int(order[next_random]))
        if hard and vectors is not None:
            for index in _nearest(chosen[0], groups, free, vectors, int(hard * wanted)).tolist():
                if size >= hard * wanted or len(chosen) >= spare:
                    break
                take(index)
        while size < wanted and len(chosen) < spare:
            while not free[order[next_random]]:
                next_random += 1
            take(int(order[next_random]))
        left -= size
        batches.append(np.concatenate([pieces[index] for index in chosen]))
    return [batches[index] for index in random.permutation(len(batches))]


def _nearest(
    first: int, groups: Rows, free: NDArray[np.bool_], vectors: NDArray[np.float32], most: int
) -> NDArray[np.int64]:
    """At most `most` free pieces of other groups than that of piece `first`, the nearest first."""
    cosines = (vectors @ vectors[groups[first]])[groups]
    cosines[~free | (groups == groups[first])] = -np.inf
    most = min(most, len(cosines))
    if not most:
        return np.empty(0, dtype=np.int64)
    nearest = np.argpartition(-cosines, most - 1)[:most]
    nearest = nearest[np.argsort(-cosines[nearest], kind="stable")]
    return nearest[np.isfinite(cosines[nearest])]


def token_vectors(tokens: Readable, rows: Rows, seed: int, width: int = CHEAP_WIDTH) -> NDArray[np.float32]:
    """A random projection of each function's set of tokens, weighted by rarity: vectors (rows, width) of length 1."""
    counts: list[sparse.csr_matrix] = []
    for start in range(0, len(rows), 1024):
        ids, mask = (part.numpy() for part in tokens.padded(rows[start : start + 1024]))
        ids = ids[:, :, ids.shape[2] // 2] if ids.ndim == 3 else ids  # the middle of a window
        row, column = np.nonzero(mask)
        shape = (len(ids), 2**20)
        counts.append(sparse.csr_matrix((np.ones(len(row), np.float32), (row, ids[row, column] % 2**20)), shape))
    table = sparse.vstack(counts).tocsr()
    table.data[:] = 1
    used = np.unique(table.indices)
    table = table[:, used]
    rarity = np.log((1 + table.shape[0]) / (1 + np.asarray(table.sum(axis=0)).ravel())).astype(np.float32)
    directions = np.random.default_rng(seed).standard_normal((len(used), width)).astype(np.float32)
    return unit_vectors(np.asarray(table @ (rarity[:, None] * directions), dtype=np.float32))


class MineNegatives(pl.Callback):
    """Before each epoch, gives the sampler a vector of each group: of tokens in the first epoch, then the student's.

    The vectors depend only on seed, epoch and weights, so a resumed training has the same batches.
    """

    def __init__(self, train: Examples, seed: int) -> None:
        self.train = train
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Encode one function of each group."""
        sampler = getattr(trainer.train_dataloader, "batch_sampler", None)
        if not isinstance(sampler, GroupSampler) or not sampler.hard:
            return
        assert isinstance(pl_module, AveragedModule)
        rows = self.train.members[sampler.representatives(trainer.current_epoch), 0]
        if trainer.current_epoch == 0:
            sampler.vectors = token_vectors(self.train.tokens, rows, self.seed)
            return
        encoded = encode_functions(
            pl_module.evaluated, self.train.tokens, rows, device=pl_module.device, label="mining negatives"
        )
        sampler.vectors = unit_vectors(encoded)
