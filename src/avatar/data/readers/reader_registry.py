"""The registry of dataset readers. It is a separate file so that each reader can import it."""

from typing import Protocol

from avatar.common.registry import Registry
from avatar.config.schema import DatasetConfig
from avatar.data.records import Corpus


class Reader(Protocol):
    """Reads one kind of data set.

    It returns all four splits; the same configuration and seed give the same corpus. Invalid input is a
    DataError with the file and the line. It ignores `share` and `drop_twins`, which `load_corpus` applies.
    """

    def __call__(self, cfg: DatasetConfig, seed: int) -> Corpus:
        """Read the data set that `cfg` names; all random divisions depend on `seed`."""


READERS: Registry[Reader] = Registry("dataset")
