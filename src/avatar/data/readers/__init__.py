"""One reader per kind of data set; importing this package fills the registry."""

from avatar.data.clones import reader as stdlib
from avatar.data.readers import bcb, devign, fixes, groups, pairs, reveal, samples
from avatar.data.readers.reader_registry import READERS, Reader

__all__ = ["READERS", "Reader", "bcb", "devign", "fixes", "groups", "pairs", "reveal", "samples", "stdlib"]
