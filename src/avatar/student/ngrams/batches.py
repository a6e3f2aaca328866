"""Which functions are compared in one step of the training.

A step has problems with their programs, whole files with a copy of each function, pairs of releases, and functions of
one name. What is in the batch and not a clone is a negative: so the other functions of a file, and problems that the
student finds alike, are the hard ones (Robinson et al. 2021 say why hard negatives help).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.student.ngrams.collection import Collection

NEAR_PROBLEMS = 12
"""A problem is compared with some of so many problems that the student finds most alike."""
COPY_WEIGHTS = {"rename": 2.0, "several": 3.0, "reformat": 0.2}
"""How often a kind of copy is taken, in relation to the other kinds, which have 1."""


@dataclass(frozen=True)
class BatchSizes:
    """Numbers in one step: of problems, of programs of each, of files, of pairs of releases and of names."""

    problems: int = 80
    programs: int = 5
    files: int = 48
    functions_of_a_file: int = 4
    releases: int = 48
    names: int = 40
    near: int = 3


@dataclass(frozen=True)
class Batch:
    """Indices of functions (functions,) and the numbers of their groups. `structures` (of them) are near clones."""

    functions: NDArray[np.int64]
    groups: NDArray[np.int64]
    structures: NDArray[np.int64]


class Batches:
    """Draws batches from a collection."""

    def __init__(self, collection: Collection, sizes: BatchSizes, rng: np.random.Generator) -> None:
        self._collection, self._sizes, self._rng = collection, sizes, rng
        counts = Counter(collection.languages[one] for group in collection.problems for one in group)
        self._rarity = {language: count**-0.5 for language, count in counts.items()}
        self._near: NDArray[np.int64] | None = None

    def mine(self, centres: NDArray[np.float32]) -> None:
        """From now on, draw problems with those that are near: `centres` (problems, width) have length 1."""
        self._near = np.argsort(-(centres @ centres.T), axis=1)[:, :NEAR_PROBLEMS]

    def draw(self) -> Batch:
        """One batch."""
        groups: list[list[int]] = []
        for number in self._problems():
            groups.append(self._programs(self._collection.problems[number]))
        first_near = sum(map(len, groups))
        for number in self._some(len(self._collection.files), self._sizes.files):
            for one in self._shuffled(self._collection.files[number])[: self._sizes.functions_of_a_file]:
                groups.append([one, *self._copies(one)])
        groups += [
            self._collection.releases[one] for one in self._some(len(self._collection.releases), self._sizes.releases)
        ]
        last_near = sum(map(len, groups))
        for number in self._some(len(self._collection.names), self._sizes.names):
            groups.append(self._shuffled(self._collection.names[number])[:4])
        functions = np.array([one for group in groups for one in group], np.int64)
        numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        return Batch(functions, numbers, np.arange(first_near, last_near))

    def _some(self, count: int, wanted: int) -> list[int]:
        chosen: list[int] = self._rng.choice(count, min(count, wanted), replace=False).tolist()
        return chosen

    def _shuffled(self, values: list[int]) -> list[int]:
        return [values[row] for row in self._rng.permutation(len(values))]

    def _problems(self) -> list[int]:
        count = len(self._collection.problems)
        wanted = min(count, self._sizes.problems)
        if self._near is None:
            return self._some(count, wanted)
        chosen: dict[int, None] = {}
        for number in self._rng.permutation(count):
            near = self._rng.permutation(self._near[number][1:])[: self._sizes.near]
            chosen |= dict.fromkeys([int(number), *near.tolist()])
            if len(chosen) >= wanted:
                break
        return list(chosen)[:wanted]

    def _programs(self, group: list[int]) -> list[int]:
        """Programs of one problem; a program in a rare language is taken more often."""
        weights = np.array([self._rarity[self._collection.languages[one]] for one in group])
        wanted = min(len(group), self._sizes.programs)
        rows = self._rng.choice(len(group), wanted, replace=False, p=weights / weights.sum())
        return [group[row] for row in rows]

    def _copies(self, function: int) -> list[int]:
        """One near clone of a function, or, in three of ten cases, two."""
        copies = self._collection.copies.get(function, {})
        if not copies:
            return []
        kinds = list(copies)
        if self._rng.random() < 0.3:
            return [copies[kinds[row]] for row in self._some(len(kinds), 2)]
        weights = np.array([COPY_WEIGHTS.get(kind, 1.0) for kind in kinds])
        return [copies[kinds[self._rng.choice(len(kinds), p=weights / weights.sum())]]]
