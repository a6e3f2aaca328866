"""Runs a student on the functions of a scan."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import family
from avatar.common.hashing import stable_hash
from avatar.common.logging import progress
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS, LEAST_FUNCTIONS, NeighbourLimit
from avatar.serve.scan.clone_kinds import CloneKind, clone_kind
from avatar.serve.scan.close_pairs import close_pairs
from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.groups import clone_groups
from avatar.serve.scan.similar_pairs import Pairs, find_pairs, joined, no_pairs
from avatar.serve.scan.student import LazyStudent

CHUNK = 512
"""Functions encoded between two steps of the progress bar; their vectors are stored after each step."""

MOST_CHANGED = 0.1
"""If a larger share of the functions changed, all pairs are compared again."""

Texts = Callable[[Sequence[Location]], dict[str, str]]
"""Returns the texts of functions by key."""


class Scanner:
    """Runs the student on everything that is not in the cache."""

    def __init__(
        self,
        student: LazyStudent,
        texts: Texts,
        cache: Cache,
        threshold: float,
        chance_neighbours: float = CHANCE_NEIGHBOURS,
        cross_language: bool = False,
    ) -> None:
        self._student, self._texts, self._cache = student, texts, cache
        self.threshold, self._chance_neighbours = threshold, chance_neighbours
        self._cross_language = cross_language
        self.encoded = 0
        self.comparisons = 0

    def findings(self, locations: Sequence[Location], changed: Sequence[Location] | None, root: str) -> list[Finding]:
        """Findings in `locations`, by the student's task; with `changed`, only those that contain a changed function.

        `root` names the scanned folder in the cache.
        """
        if self._student.bundle.config.arity == 2:
            return self.clones(locations, changed, root)
        return self.suspicious(locations if changed is None else changed, since=changed is not None)

    def suspicious(self, locations: Sequence[Location], since: bool) -> list[Finding]:
        """Functions whose probability is at least the threshold, the highest first."""
        if not locations:
            return []
        keys, vectors = self._vectors(locations)
        probabilities = self._student.predictor.compare(vectors)[:, 1]
        by_key = dict(zip(keys, map(float, probabilities), strict=True))
        findings = [
            Finding((location,), by_key[location.key], by_key[location.key], changed=int(since))
            for location in locations
            if by_key[location.key] >= self.threshold
        ]
        return sorted(findings, key=lambda one: (-one.probability, one.functions[0].file, one.functions[0].first_line))

    def clones(self, locations: Sequence[Location], changed: Sequence[Location] | None, root: str) -> list[Finding]:
        """Groups of clones, each in one language family or in all; with `changed`, those with a changed function."""
        findings: list[Finding] = []
        for name in sorted({self._group(location) for location in locations}):
            members = [location for location in locations if self._group(location) == name]
            fresh = None if changed is None else [location for location in changed if self._group(location) == name]
            if fresh is None:
                scope = stable_hash([root, name, self._chance_neighbours, len(members) >= LEAST_FUNCTIONS])
                keys, pairs = self._known_pairs(members, scope)
            elif fresh:
                keys, vectors = self._vectors(members)
                wanted = {location.key for location in fresh}
                pairs = self._pairs(vectors, [row for row, key in enumerate(keys) if key in wanted])
            else:
                continue
            findings += clone_groups(keys, members, pairs, fresh)
        return self._with_kinds(sorted(findings, key=lambda one: -one.rank))

    def _group(self, location: Location) -> str:
        """Functions with the same answer are compared with each other."""
        return "all languages" if self._cross_language else family(location.language)

    def _with_kinds(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings with the kinds of their clones, if the student tells."""
        structure = self._student.bundle.structure
        if structure is None:
            return list(findings)
        wanted = {location.key: location for one in findings if not one.exact for location in one.functions}
        vectors = self._cached(list(wanted))
        if missing := [location for key, location in wanted.items() if key not in vectors]:
            texts = self._texts(missing)
            made = self._student.predictor.encode_texts(
                [texts[location.key] for location in missing], [location.language for location in missing]
            )
            vectors |= {location.key: vector for location, vector in zip(missing, made, strict=True)}
        return [
            replace(
                one, kind=CloneKind.EXACT if one.exact else clone_kind([vectors[key][structure] for key in _keys(one)])
            )
            for one in findings
        ]

    def _known_pairs(self, locations: Sequence[Location], scope: str) -> tuple[list[str], Pairs]:
        """Pairs of clones among all functions; only pairs with a function that is new since the last scan are compared.

        If more than `MOST_CHANGED` of the functions changed, all pairs are: the distance limit may have changed.
        """
        keys = list(dict.fromkeys(location.key for location in locations))
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
            _, vectors = self._vectors(locations)
            old = joined(old, self._pairs(vectors, new))
        self._cache.keep_pairs(scope, self.threshold, keys, old)
        return keys, old

    def _pairs(self, vectors: NDArray[np.float32], rows: Sequence[int]) -> Pairs:
        chosen = np.array(rows, dtype=np.int64)
        if self._student.is_calibrated:
            pairs, comparisons = close_pairs(
                vectors, chosen, self._student.least_cosine(self.threshold), self.threshold
            )
            self.comparisons += comparisons
            probabilities = self._student.compare(vectors[pairs.first], vectors[pairs.second])
            return replace(pairs, probability=probabilities.astype(np.float32)).above(self.threshold)
        compare = partial(self._student.compare_near, NeighbourLimit(vectors, self._chance_neighbours))
        pairs, comparisons = find_pairs(vectors, chosen, compare, self.threshold)
        self.comparisons += comparisons
        return pairs

    def _cached(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors in the cache, without damaged ones: of another width, or not finite."""
        vectors = self._cache.vectors(keys)
        width = self._student.width if vectors else 0
        return {key: one for key, one in vectors.items() if len(one) == width and np.isfinite(one).all()}

    def _vectors(self, locations: Sequence[Location]) -> tuple[list[str], NDArray[np.float32]]:
        """Distinct keys in order, and their vectors (keys, hidden_size)."""
        keys = list(dict.fromkeys(location.key for location in locations))
        known = self._cached(keys)
        missing = [location for location in locations if location.key not in known]
        if missing:
            texts = self._texts(missing)
            language_of = {location.key: location.language for location in missing}
            todo = list(texts)
            for start in progress(range(0, len(todo), CHUNK), "encoding functions"):
                part = todo[start : start + CHUNK]
                vectors = self._student.predictor.encode_texts(
                    [texts[key] for key in part], [language_of[key] for key in part]
                )
                made = dict(zip(part, vectors, strict=True))
                self._cache.keep_vectors(made)
                known |= made
            self.encoded += len(todo)
        return keys, np.stack([known[key] for key in keys])


def _keys(finding: Finding) -> list[str]:
    """The different keys of a finding's functions, in order."""
    return list(dict.fromkeys(location.key for location in finding.functions))
