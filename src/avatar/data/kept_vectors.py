"""Vectors that are saved in shards while they are computed: after a kill, the computation goes on from them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import save_array
from avatar.common.hashing import file_digest, stable_hash
from avatar.common.logging import get_logger, progress

SHARDS = "shards"
"""Subfolder of an unfinished artifact."""
SHARD_BATCHES = 8
"""Number of batches in a shard. A kill loses less than one shard."""

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

log = get_logger("vectors")


@dataclass(frozen=True)
class KeptVectors:
    """The shards of one computation in `folder`: functions `rows` (n,) are encoded in `batches` of indices into them.

    The name of a shard's file has the digest of its bytes, so that a damaged one is noticed. The shards are in a
    subfolder that is named by the digest of rows and batches: a computation in other batches does not use them. The
    model and the tokens are not in the digest, so `folder` must belong to them.
    """

    folder: Path
    rows: Rows
    batches: Sequence[Rows]

    def parts(self, encode: Callable[[Rows], Vectors], label: str) -> Iterator[Vectors]:
        """The vectors of each shard in turn: those that were saved, and those that `encode` gives for a batch."""
        shards = [self.batches[low : low + SHARD_BATCHES] for low in range(0, len(self.batches), SHARD_BATCHES)]
        saved = self._saved()
        missing = [batch for number, shard in enumerate(shards) if number not in saved for batch in shard]
        if saved:
            done, all_ = len(self.batches) - len(missing), len(self.batches)
            log.info("%s: %d of %d batches were done before", label, done, all_)
        remaining = iter(progress(missing, label, len(missing)))
        for number, shard in enumerate(shards):
            if number in saved:
                yield np.load(saved[number], allow_pickle=False)
                continue
            vectors = np.concatenate([encode(next(remaining)) for _ in shard])
            self._save(number, vectors)
            yield vectors

    @cached_property
    def _below(self) -> Path:
        return self.folder / stable_hash([self.rows, [batch.tolist() for batch in self.batches], SHARD_BATCHES])

    def _saved(self) -> dict[int, Path]:
        """The file of each shard that was saved, by its number. A damaged file is removed."""
        saved = {}
        for path in sorted(self._below.glob("*-*.npy")):
            number, _, digest = path.stem.partition("-")
            if file_digest(path) == digest:
                saved[int(number)] = path
            else:
                log.warning("%s is damaged, and is made again", path)
                path.unlink()
        return saved

    def _save(self, number: int, vectors: Vectors) -> None:
        """Save the vectors of a shard, completely or not at all."""
        unnamed = self._below / f"{number:06}.unfinished"
        save_array(unnamed, vectors)
        unnamed.replace(self._below / f"{number:06}-{file_digest(unnamed)}.npy")
