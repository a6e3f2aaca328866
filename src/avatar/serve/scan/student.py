"""A student that compares functions, loaded when it is first needed."""

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import MANIFEST, read_bundle
from avatar.code.text import TextRules
from avatar.common.hashing import file_digest
from avatar.serve.predictor import Predictor
from avatar.serve.scan.chance_neighbours import NeighbourLimit

CLONE_THRESHOLD = 0.95
"""For clones where no threshold is given. Of all pairs in a code base hardly one in 10,000 is a clone, in training
data it is one in two: at the bundle's own threshold most findings would be false."""


class LazyStudent:
    """A predictor that is loaded when it is first needed: a scan that finds all in the cache needs none."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.bundle = read_bundle(folder)
        self.digest = file_digest(folder / MANIFEST)
        self._threads = threads

    @cached_property
    def predictor(self) -> Predictor:
        """The loaded student."""
        return Predictor(self.bundle.folder, threads=self._threads)

    def compare(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability that row i of both are clones, whichever comes first."""
        there = self.predictor.compare(first, second)[:, 1]
        if self.bundle.config.symmetric:
            return there
        return (there + self.predictor.compare(second, first)[:, 1]) / 2

    def compare_near(
        self, nearness: NeighbourLimit, first: NDArray[np.float32], second: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The same where two rows are near enough, and -1 where they are not."""
        near = nearness(first, second)
        found = np.full(len(first), -1.0)
        if near.any():
            found[near] = self.compare(first[near], second[near])
        return found

    @property
    def rules(self) -> TextRules:
        """What the texts of functions are made by."""
        return self.bundle.config.text

    @property
    def usual_threshold(self) -> float:
        """The least probability that counts where nobody says otherwise."""
        config = self.bundle.config
        return CLONE_THRESHOLD if config.arity == 2 else config.threshold
