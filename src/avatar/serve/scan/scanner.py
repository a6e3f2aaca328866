"""Puts a student to work on the functions of a scan."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import family
from avatar.common.hashing import stable_hash
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.chance_neighbours import LEAST_FUNCTIONS, TWINS_BY_CHANCE, NeighbourLimit
from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.groups import clone_groups
from avatar.serve.scan.similar_pairs import Pairs, find_pairs, joined, no_pairs
from avatar.serve.scan.student import LazyStudent

CHUNK = 512
"""Functions encoded between two steps of the progress bar; what is encoded is kept after each."""

MOST_CHANGED = 0.1
"""Share of a code base's functions that may change before all pairs are compared again."""

Texts = Callable[[Sequence[Location]], dict[str, str]]
"""Gives the text by key of functions."""


class Scanner:
    """Puts the student to work on what the cache does not know."""

    def __init__(
        self, student: LazyStudent, texts: Texts, cache: Cache, threshold: float, twins: float = TWINS_BY_CHANCE
    ) -> None:
        self._student, self._texts, self._cache = student, texts, cache
        self.threshold, self._twins = threshold, twins
        self.encoded = 0
        self.comparisons = 0

    def findings(self, places: Sequence[Location], changed: Sequence[Location] | None, root: str) -> list[Finding]:
        """By the student's task, what is found in `places`; with `changed`, only what concerns these of them.

        `root` tells the cache which places belong together.
        """
        if self._student.bundle.config.arity == 2:
            return self.clones(places, changed, root)
        return self.suspicious(places if changed is None else changed, since=changed is not None)

    def suspicious(self, places: Sequence[Location], since: bool) -> list[Finding]:
        """Functions of at least the threshold, the highest probability first."""
        if not places:
            return []
        keys, vectors = self._vectors(places)
        probabilities = self._student.predictor.compare(vectors)[:, 1]
        by_key = dict(zip(keys, map(float, probabilities), strict=True))
        found = [
            Finding((place,), by_key[place.key], by_key[place.key], changed=int(since))
            for place in places
            if by_key[place.key] >= self.threshold
        ]
        return sorted(found, key=lambda one: (-one.probability, one.functions[0].file, one.functions[0].first_line))

    def clones(self, places: Sequence[Location], changed: Sequence[Location] | None, root: str) -> list[Finding]:
        """Groups of clones among functions of the same language family; with `changed`, those that hold one."""
        found: list[Finding] = []
        for name in sorted({family(place.language) for place in places}):
            members = [place for place in places if family(place.language) == name]
            fresh = None if changed is None else [place for place in changed if family(place.language) == name]
            if fresh is None:
                scope = stable_hash([root, name, self._twins, len(members) >= LEAST_FUNCTIONS])
                keys, pairs = self._known_pairs(members, scope)
            elif fresh:
                keys, vectors = self._vectors(members)
                wanted = {place.key for place in fresh}
                pairs = self._pairs(vectors, [row for row, key in enumerate(keys) if key in wanted])
            else:
                continue
            found += clone_groups(keys, members, pairs, fresh)
        return sorted(found, key=lambda one: -one.rank)

    def _known_pairs(self, places: Sequence[Location], scope: str) -> tuple[list[str], Pairs]:
        """Pairs among all functions; only those with a function that the last scan did not have are compared.

        Where more than `MOST_CHANGED` of them are new, all are, since what is near may have changed.
        """
        keys = list(dict.fromkeys(place.key for place in places))
        row = {key: number for number, key in enumerate(keys)}
        old_keys, old = self._cache.pairs(scope, self.threshold) or ([], no_pairs())
        changes = len(set(keys).symmetric_difference(old_keys))
        if len(keys) >= LEAST_FUNCTIONS and changes > MOST_CHANGED * len(keys):
            old_keys, old = [], no_pairs()
        now = np.array([row.get(key, -1) for key in old_keys], dtype=np.int64)
        known = set(old_keys)
        new = [number for number, key in enumerate(keys) if key not in known]
        if old_keys:
            first, second = now[old.first], now[old.second]
            kept = (first >= 0) & (second >= 0)
            first, second = first[kept], second[kept]
            old = Pairs(np.minimum(first, second), np.maximum(first, second), old.probability[kept])
        if not new and len(keys) == len(old_keys):
            return keys, old
        if new:
            _, vectors = self._vectors(places)
            old = joined(old, self._pairs(vectors, new))
        self._cache.keep_pairs(scope, self.threshold, keys, old)
        return keys, old

    def _pairs(self, vectors: NDArray[np.float32], rows: Sequence[int]) -> Pairs:
        chosen = np.array(rows, dtype=np.int64)
        compare = partial(self._student.compare_near, NeighbourLimit(vectors, self._twins))
        pairs, comparisons = find_pairs(vectors, chosen, compare, self.threshold)
        self.comparisons += comparisons
        return pairs

    def _vectors(self, places: Sequence[Location]) -> tuple[list[str], NDArray[np.float32]]:
        """Distinct keys in order, and a vector for each, (keys, hidden_size)."""
        keys = list(dict.fromkeys(place.key for place in places))
        known = self._cache.vectors(keys)
        missing = [place for place in places if place.key not in known]
        if missing:
            texts = self._texts(missing)
            todo = list(texts)
            for start in progress(range(0, len(todo), CHUNK), "encoding functions"):
                part = todo[start : start + CHUNK]
                vectors = self._student.predictor.encode_texts([texts[key] for key in part])
                made = dict(zip(part, vectors, strict=True))
                self._cache.keep_vectors(made)
                known |= made
            self.encoded += len(todo)
        return keys, np.stack([known[key] for key in keys])
