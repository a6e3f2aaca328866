"""A student that compares functions, loaded on first use."""

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import MANIFEST, read_bundle
from avatar.code.text import TextRules
from avatar.common.hashing import file_digest
from avatar.serve.extras import require_packages_for_graphs
from avatar.serve.scan.chance_neighbours import NeighbourLimit
from avatar.serve.student_process import LoadedStudent, StudentProcess, open_student

CLONE_THRESHOLD = 0.95
"""Default threshold for clones. In a code base fewer than one pair in 10,000 is a clone, in training data every second
one: with the bundle's own threshold most findings would be false."""


class LazyStudent:
    """A predictor that is loaded on first use: a scan with all results in the cache does not need it.

    That a package is missing is said at once.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self.bundle = read_bundle(folder)
        if not self.bundle.reads_ngrams:
            require_packages_for_graphs()
        self.digest = file_digest(folder / MANIFEST)
        self._threads = threads

    @cached_property
    def predictor(self) -> LoadedStudent:
        """The loaded student."""
        return open_student(self.bundle.folder, threads=self._threads)

    @property
    def hidden_size(self) -> int:
        """Numbers in a vector. Only students with graphs are loaded for this."""
        structure = self.bundle.structure
        return self.predictor.hidden_size if structure is None else int(structure.stop)

    @property
    def row_size(self) -> int:
        """Numbers that are kept of a function; see `Predictor.encode_texts`."""
        return self.hidden_size + self.bundle.numbers_beside_vector

    def stop(self) -> None:
        """End the process of the student at once, if it has one, from any thread."""
        loaded = self.__dict__.get("predictor")
        if isinstance(loaded, StudentProcess):
            loaded.stop()

    def compare(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability (n,) that row i of both are clones, independent of their order."""
        forward = self.predictor.compare(first, second)[:, 1]
        if self.bundle.config.symmetric:
            return forward
        return (forward + self.predictor.compare(second, first)[:, 1]) / 2

    def compare_near(
        self, limit: NeighbourLimit, first: NDArray[np.float32], second: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The same for pairs within `limit`, and -1 for the others."""
        if self.is_calibrated:
            return self.compare(first, second)
        close = limit(first, second)
        probabilities = np.full(len(first), -1.0)
        if close.any():
            probabilities[close] = self.compare(first[close], second[close])
        return probabilities

    @property
    def is_calibrated(self) -> bool:
        """Whether a probability is right at the natural rate of clones, so that no `NeighbourLimit` is needed."""
        return self.bundle.config.pair_head is not None

    def least_cosine(self, threshold: float) -> float:
        """A lower bound of the cosines of pairs with at least this probability; the student must be calibrated."""
        head = self.bundle.config.sketch_head or self.bundle.config.pair_head
        assert head is not None
        cosines = np.linspace(-1, 1, 20_001)
        same = np.ones(len(cosines))
        overlaps = np.ones((len(cosines), head.sketch_kinds))
        likely = head.probability(cosines, 0 * same, np.zeros(len(cosines), bool), same, overlaps) >= threshold
        first = int(np.argmax(likely))
        return float(cosines[max(0, first - 1)]) if likely.any() else np.inf  # the one before: the limit is in between

    @property
    def rules(self) -> TextRules:
        """The rules by which function texts are normalised."""
        return self.bundle.config.text

    @property
    def usual_threshold(self) -> float:
        """Default threshold: `CLONE_THRESHOLD` for clones, else the bundle's, which is right for a code base."""
        config = self.bundle.config
        return CLONE_THRESHOLD if config.task == "pair" else config.threshold
