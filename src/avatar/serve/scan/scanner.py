"""Runs a student on the functions of a scan."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import family
from avatar.common.hashing import stable_hash
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS, LEAST_FUNCTIONS, NeighbourLimit
from avatar.serve.scan.clone_kinds import CloneKind, clone_kind
from avatar.serve.scan.clone_rules import DEFAULT_RULES, CloneRules
from avatar.serve.scan.close_pairs import close_pairs
from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.function_vectors import FunctionVectors, Texts
from avatar.serve.scan.groups import clone_groups
from avatar.serve.scan.lookalikes import without_lookalikes
from avatar.serve.scan.similar_pairs import Pairs, find_pairs, joined, no_pairs
from avatar.serve.scan.student import LazyStudent

BATCH = 4_096
"""Close pairs whose probabilities are computed at once."""

MOST_CHANGED = 0.1
"""If a larger share of the functions changed, all pairs are compared again."""


class Scanner:
    """Runs the student on everything that is not in the cache. `vectors` may hold vectors already."""

    def __init__(
        self,
        student: LazyStudent,
        texts: Texts,
        cache: Cache,
        threshold: float,
        chance_neighbours: float = CHANCE_NEIGHBOURS,
        cross_language: bool = False,
        rules: CloneRules = DEFAULT_RULES,
        vectors: FunctionVectors | None = None,
    ) -> None:
        self._student, self._texts, self._cache, self._rules = student, texts, cache, rules
        self._vectors = vectors or FunctionVectors(student, cache)
        self.threshold, self._chance_neighbours = threshold, chance_neighbours
        self._cross_language = cross_language
        self.comparisons = 0
        self.lookalikes = 0
        """Groups that `without_lookalikes` left out."""

    @property
    def encoded(self) -> int:
        """Functions whose vectors were not in the cache."""
        return self._vectors.encoded

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
        keys, vectors = self._vectors.table(locations, self._texts)
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
            if fresh is not None and not fresh:
                continue
            compared = [location for location in members if self._rules.compares(location)]
            keys: list[str] = []
            pairs = no_pairs()
            if fresh is None:
                scope = stable_hash([root, name, self._chance_neighbours, len(compared) >= LEAST_FUNCTIONS])
                keys, pairs = self._known_pairs(compared, scope)
            elif compared:
                keys, vectors = self._vectors.table(compared, self._texts)
                wanted = {location.key for location in fresh}
                pairs = self._pairs(vectors, [row for row, key in enumerate(keys) if key in wanted])
            keys = list(dict.fromkeys([*keys, *(location.key for location in members)]))
            findings += clone_groups(keys, members, pairs, fresh)
        return self._with_kinds(sorted(findings, key=lambda one: -one.rank))

    def _group(self, location: Location) -> str:
        """Functions with the same answer are compared with each other."""
        return "all languages" if self._cross_language else family(location.language)

    def _with_kinds(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings without lookalikes, with the kinds of their clones, if the student tells."""
        structure = self._student.bundle.structure
        if structure is None:
            kept, self.lookalikes = without_lookalikes(findings, self._rules.is_lookalike, None)
            return kept
        wanted = {location.key: location for one in findings if not one.exact for location in one.functions}
        vectors = self._vectors.of(list(wanted.values()), self._texts)
        structures = {key: vectors[key][structure] for key in wanted}
        kept, self.lookalikes = without_lookalikes(findings, self._rules.is_lookalike, structures)
        return [
            replace(one, kind=CloneKind.EXACT if one.exact else clone_kind([structures[key] for key in _keys(one)]))
            for one in kept
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
            _, vectors = self._vectors.table(locations, self._texts)
            old = joined(old, self._pairs(vectors, new))
        self._cache.keep_pairs(scope, self.threshold, keys, old)
        return keys, old

    def _pairs(self, vectors: NDArray[np.float32], rows: Sequence[int]) -> Pairs:
        chosen = np.array(rows, dtype=np.int64)
        if self._student.is_calibrated:
            pairs, comparisons = close_pairs(
                vectors[:, : self._student.hidden_size],
                chosen,
                self._student.least_cosine(self.threshold),
                self.threshold,
            )
            self.comparisons += comparisons
            probabilities = np.empty(len(pairs), np.float32)
            for start in range(0, len(pairs), BATCH):
                part = slice(start, start + BATCH)
                probabilities[part] = self._student.compare(vectors[pairs.first[part]], vectors[pairs.second[part]])
            return replace(pairs, probability=probabilities).above(self.threshold)
        compare = partial(self._student.compare_near, NeighbourLimit(vectors, self._chance_neighbours))
        pairs, comparisons = find_pairs(vectors, chosen, compare, self.threshold)
        self.comparisons += comparisons
        return pairs


def _keys(finding: Finding) -> list[str]:
    """The different keys of a finding's functions, in order."""
    return list(dict.fromkeys(location.key for location in finding.functions))
