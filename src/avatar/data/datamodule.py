"""The LightningDataModule that gives teachers and students their batches."""

from collections.abc import Callable

import pytorch_lightning as pl
from torch.utils.data import DataLoader, Sampler

from avatar.data.batching import Batch, BucketSampler, Examples

MakeSampler = Callable[[int, int], Sampler[list[int]]]
"""Makes the sampler of the training batches from the number of processes and the number of this one."""


def loader(
    examples: Examples, batch_size: int, seed: int | None, workers: int = 0, replicas: int = 1, rank: int = 0
) -> DataLoader[int]:
    """Batches of similar length: shuffled by `seed` and epoch, or longest first if `seed` is None."""
    return sampled(examples, BucketSampler(examples.lengths, batch_size, seed, replicas, rank), workers)


def sampled(examples: Examples, sampler: Sampler[list[int]], workers: int = 0) -> DataLoader[int]:
    """The batches of `sampler`."""
    return DataLoader(
        examples,
        batch_sampler=sampler,
        collate_fn=examples.collate,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


class CodeDataModule(pl.LightningDataModule):
    """Training and valid batches of one model; the order in an epoch depends only on seed and epoch."""

    def __init__(
        self,
        train: Examples,
        valid: Examples,
        batch_size: int,
        seed: int,
        valid_batch_size: int = 256,
        workers: int = 0,
        sampler: MakeSampler | None = None,
    ) -> None:
        super().__init__()
        self.train = train
        self.valid = valid
        self.batch_size = batch_size
        self.seed = seed
        self.valid_batch_size = valid_batch_size
        self.workers = workers
        self.sampler = sampler

    def train_dataloader(self) -> DataLoader[int]:
        """Shuffled batches, or those of `sampler`; with ddp each process gets its own share."""
        replicas, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
        if self.sampler is not None:
            return sampled(self.train, self.sampler(replicas, rank), self.workers)
        return loader(self.train, self.batch_size, self.seed, self.workers, replicas, rank)

    def val_dataloader(self) -> DataLoader[int]:
        """All valid examples on every process, so that each computes the same score."""
        return loader(self.valid, self.valid_batch_size, None, self.workers)

    def transfer_batch_to_device(self, batch: Batch, device: object, dataloader_idx: int) -> Batch:
        """Move a batch to the model's device."""
        return batch.to(device)  # type: ignore[arg-type]
