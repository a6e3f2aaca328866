"""One scan from a path to a report."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import MANIFEST, read_bundle
from avatar.common.hashing import file_digest, stable_hash
from avatar.common.logging import progress
from avatar.serve.predictor import Predictor
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.groups import clone_groups
from avatar.serve.scan.pairs import Pairs, find_pairs, joined, no_pairs
from avatar.serve.scan.reading import Reading, family
from avatar.serve.scan.report import Counts, Finding, Place, Report
from avatar.serve.scan.since import changed_lines, touches

CHUNK = 512
"""Functions encoded between two steps of the progress bar; what is encoded is kept after each."""
CLONE_THRESHOLD = 0.95
"""For clones where no threshold is given. Of all pairs in a code base hardly one in 10,000 is a clone, in training
data it is one in two: at the bundle's own threshold most findings would be false."""


@dataclass(frozen=True)
class Options:
    """What to look at. Smaller functions than `min_lines` lines of code and `min_words` words are left out.

    Without a `threshold` it is `CLONE_THRESHOLD` or the student's own, but never above `fail_on`.
    """

    threshold: float | None = None
    fail_on: float | None = None
    min_lines: int = 5
    min_words: int = 20
    languages: Collection[str] = ()
    since: str | None = None
    threads: int = 1
    cache: bool = True
    cache_folder: Path | None = None


class _Student:
    """A predictor that is loaded when it is first needed: a scan that finds all in the cache needs none."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.bundle = read_bundle(folder)
        self.digest = file_digest(folder / MANIFEST)
        self._threads = threads

    @cached_property
    def predictor(self) -> Predictor:
        return Predictor(self.bundle.folder, threads=self._threads)

    def compare(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability that row i of both are clones, whichever comes first."""
        there = self.predictor.compare(first, second)[:, 1]
        if self.bundle.config.architecture.get("head") == "interaction":
            return there
        return (there + self.predictor.compare(second, first)[:, 1]) / 2


def scan(path: Path, bundle: Path, options: Options | None = None) -> Report:
    """Clones or suspicious functions below `path`, by the task of the student in the folder `bundle`.

    What is wrong with the path, the bundle or the revision is an AvatarError. Nothing that is read is executed.
    """
    options = options or Options()
    start = time.perf_counter()
    student = _Student(Path(bundle), options.threads)
    config = student.bundle.config
    threshold = options.threshold
    if threshold is None:
        usual = CLONE_THRESHOLD if config.arity == 2 else config.threshold
        threshold = usual if options.fail_on is None else min(usual, options.fail_on)
    changes = changed_lines(_folder(path), options.since) if options.since is not None else None
    cache = Cache(student.digest, options.cache_folder) if options.cache else NoCache()
    try:
        reading = Reading(path, options.languages, cache)
        places = [one for one in reading.places if _is_large(one, options)]
        changed = places
        if changes is not None:
            lines = {name: changes.get(file.path.resolve(), ()) for name, file in reading.files.items()}
            changed = [one for one in places if touches(lines[one.file], one.first_line, one.last_line)]
        scanner = _Scanner(student, reading, cache, threshold)
        if config.arity == 1:
            findings = scanner.suspicious(changed, since=changes is not None)
        else:
            findings = scanner.clones(places, changed if changes is not None else None, str(path.resolve()))
    finally:
        cache.close()
    return Report(
        root=str(path),
        task=config.task,
        label=config.labels[1],
        threshold=threshold,
        findings=tuple(findings),
        counts=Counts(
            files=len(reading.files),
            files_parsed=reading.parsed,
            functions=len(places),
            functions_too_small=len(reading.places) - len(places),
            functions_distinct=len({one.key for one in places}),
            functions_encoded=scanner.encoded,
            comparisons=scanner.comparisons,
            seconds=time.perf_counter() - start,
        ),
        skipped=reading.skipped,
        notes=reading.notes,
        since=options.since,
        bundle=str(bundle),
    )


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _is_large(place: Place, options: Options) -> bool:
    return place.code_lines >= options.min_lines and place.words >= options.min_words


class _Scanner:
    """Puts the student to work on what the cache does not know."""

    def __init__(self, student: _Student, reading: Reading, cache: Cache, threshold: float) -> None:
        self._student, self._reading, self._cache, self._threshold = student, reading, cache, threshold
        self.encoded = 0
        self.comparisons = 0

    def suspicious(self, places: Sequence[Place], since: bool) -> list[Finding]:
        """Functions of at least the threshold, the highest probability first."""
        if not places:
            return []
        keys, vectors = self._vectors(places)
        probabilities = self._student.predictor.compare(vectors)[:, 1]
        by_key = dict(zip(keys, map(float, probabilities), strict=True))
        found = [
            Finding((place,), by_key[place.key], by_key[place.key], changed=int(since))
            for place in places
            if by_key[place.key] >= self._threshold
        ]
        return sorted(found, key=lambda one: (-one.probability, one.functions[0].file, one.functions[0].first_line))

    def clones(self, places: Sequence[Place], changed: Sequence[Place] | None, root: str) -> list[Finding]:
        """Groups of clones among functions of the same language family; with `changed`, those that hold one."""
        found: list[Finding] = []
        for name in sorted({family(place.language) for place in places}):
            members = [place for place in places if family(place.language) == name]
            fresh = None if changed is None else [place for place in changed if family(place.language) == name]
            if fresh is None:
                keys, pairs = self._known_pairs(members, stable_hash([root, name]))
            elif fresh:
                keys, vectors = self._vectors(members)
                wanted = {place.key for place in fresh}
                pairs = self._pairs(vectors, [row for row, key in enumerate(keys) if key in wanted])
            else:
                continue
            found += clone_groups(keys, members, pairs, fresh)
        return sorted(found, key=lambda one: -one.rank)

    def _known_pairs(self, places: Sequence[Place], scope: str) -> tuple[list[str], Pairs]:
        """Pairs among all functions; only those with a function that the last scan did not have are compared."""
        keys = list(dict.fromkeys(place.key for place in places))
        row = {key: number for number, key in enumerate(keys)}
        old_keys, old = self._cache.pairs(scope, self._threshold) or ([], no_pairs())
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
        self._cache.keep_pairs(scope, self._threshold, keys, old)
        return keys, old

    def _pairs(self, vectors: NDArray[np.float32], rows: Sequence[int]) -> Pairs:
        chosen = np.array(rows, dtype=np.int64)
        pairs, comparisons = find_pairs(vectors, chosen, self._student.compare, self._threshold)
        self.comparisons += comparisons
        return pairs

    def _vectors(self, places: Sequence[Place]) -> tuple[list[str], NDArray[np.float32]]:
        """Distinct keys in order, and a vector for each, (keys, hidden_size)."""
        keys = list(dict.fromkeys(place.key for place in places))
        known = self._cache.vectors(keys)
        missing = [place for place in places if place.key not in known]
        if missing:
            texts = self._reading.texts(missing)
            todo = list(texts)
            for start in progress(range(0, len(todo), CHUNK), "encoding functions"):
                part = todo[start : start + CHUNK]
                vectors = self._student.predictor.encode([texts[key] for key in part])
                made = dict(zip(part, vectors, strict=True))
                self._cache.keep_vectors(made)
                known |= made
            self.encoded += len(todo)
        return keys, np.stack([known[key] for key in keys])
