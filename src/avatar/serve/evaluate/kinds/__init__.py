"""The kinds of data that a student can be scored on; importing this package fills the registry."""

from avatar.serve.evaluate.kinds import fixes, functions, groups, pairs
from avatar.serve.evaluate.kinds.base import KINDS, Example, Kind, Scored

__all__ = ["KINDS", "Example", "Kind", "Scored", "fixes", "functions", "groups", "pairs"]
