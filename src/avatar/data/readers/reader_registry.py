"""The table of dataset readers, apart from the readers so that each can register itself."""

from typing import Protocol

from avatar.common.registry import Registry
from avatar.config.schema import DatasetConfig
from avatar.data.records import Corpus


class Reader(Protocol):
    """Reads one kind of data set.

    It returns all four splits; the same configuration and seed give the same corpus. Input that it
    cannot use is a DataError that names the file and the line. `share` and `drop_twins` are not its business.
    """

    def __call__(self, cfg: DatasetConfig, seed: int) -> Corpus:
        """Read the data set that `cfg` names; `seed` decides every division."""


READERS: Registry[Reader] = Registry("dataset")
