"""The vectors of a scan's functions: from the cache, or encoded once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.findings import Location
from avatar.serve.scan.student import LazyStudent

CHUNK = 512
"""Functions encoded between two steps of the progress bar; their vectors are stored after each step."""
EAGER_CHUNK = 128
"""The same while files are read: short enough that the process that reads them does not wait."""

Texts = Callable[[Sequence[Location]], dict[str, str]]
"""Returns the texts of functions by key."""


class FunctionVectors:
    """Vectors with their sketches by key, as `Predictor.encode_texts` gives them.

    `encoded` counts the functions whose vectors were not known.

    With `take`, functions are encoded while their files are read, and their texts need not be kept. This is for
    students whose vectors do not depend on which functions are encoded together.
    """

    def __init__(self, student: LazyStudent, cache: Cache) -> None:
        self._student, self._cache = student, cache
        self._known: dict[str, NDArray[np.float32]] = {}
        self._waiting: dict[str, tuple[str, str]] = {}
        self.encoded = 0

    def take(self, locations: Sequence[Location], texts: Mapping[str, str]) -> None:
        """Encode these functions, now or at the next `finish`."""
        for location in locations:
            if location.key not in self._known:
                self._waiting.setdefault(location.key, (texts[location.key], location.language))
        if len(self._waiting) >= EAGER_CHUNK:
            self.finish()

    def finish(self) -> None:
        """Encode what `take` was given and is not in the cache."""
        if not self._waiting:
            return
        self._known |= self._cached(list(self._waiting))
        self._encode({key: one for key, one in self._waiting.items() if key not in self._known})
        self._waiting.clear()

    def table(self, locations: Sequence[Location], texts: Texts) -> tuple[list[str], NDArray[np.float32]]:
        """Distinct keys in order, and what is kept of each, (keys, row_size). `texts` is asked for those not known."""
        keys = list(dict.fromkeys(location.key for location in locations))
        self._learn(locations, texts)
        table = np.empty((len(keys), len(self._known[keys[0]])), np.float32)
        for row, key in enumerate(keys):
            table[row] = self._known[key]
            self._known[key] = table[row]  # so that no vector is held twice
        return keys, table

    def of(self, locations: Sequence[Location], texts: Texts) -> dict[str, NDArray[np.float32]]:
        """What is kept of some functions, (row_size,), by key."""
        self._learn(locations, texts)
        return {location.key: self._known[location.key] for location in locations}

    def _learn(self, locations: Sequence[Location], texts: Texts) -> None:
        unknown = {location.key: location for location in locations if location.key not in self._known}
        self._known |= self._cached(list(unknown))
        missing = [location for location in locations if location.key in unknown and location.key not in self._known]
        if not missing:
            return
        language_of = {location.key: location.language for location in missing}
        text_of = texts(missing)
        todo = list(text_of)
        for start in progress(range(0, len(todo), CHUNK), "encoding functions"):
            self._encode({key: (text_of[key], language_of[key]) for key in todo[start : start + CHUNK]})

    def _cached(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors in the cache, without damaged ones: of another width, or not finite."""
        vectors = self._cache.vectors(keys)
        width = self._student.row_size if vectors else 0
        return {key: one for key, one in vectors.items() if len(one) == width and np.isfinite(one).all()}

    def _encode(self, functions: Mapping[str, tuple[str, str]]) -> None:
        if not functions:
            return
        vectors = self._student.predictor.encode_texts(
            [text for text, _ in functions.values()], [language for _, language in functions.values()]
        )
        made = dict(zip(functions, vectors, strict=True))
        self._cache.keep_vectors(made)
        self._known |= made
        self.encoded += len(made)
