"""The functions of a workspace, and the hints about them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import nlargest
from itertools import islice
from pathlib import Path

import numpy as np

from avatar.code.languages import family, language_of_file
from avatar.serve.lsp.bodies import Bodies
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.vectors import Vectors
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.chance_neighbours import LEAST_FUNCTIONS, NeighbourLimit
from avatar.serve.scan.clone_rules import CloneRules
from avatar.serve.scan.code_of_tests import is_test
from avatar.serve.scan.findings import Location
from avatar.serve.scan.function_vectors import Texts
from avatar.serve.scan.lookalikes import same_structure
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.source_files import Skipped, SourceFile, why_not
from avatar.serve.scan.student import LazyStudent

MOST_CLONES = 5
"""Most clones that one hint lists; further clones are only counted."""

MUCH_GROWN = 1.25
"""If the number of functions grew by this factor, the distance limit is measured again."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A function with clones, or a suspicious function.

    `clones` are the most probable clones with their probabilities, at most `MOST_CLONES` of `count`.
    """

    location: Location
    probability: float
    clones: tuple[tuple[Location, float], ...] = ()
    count: int = 0


class Index:
    """Functions by file, their vectors and their clones. `Location.file` is the name that the caller gave.

    A function is encoded when its text changes, and compared when its hints are first read. A later function is
    compared with the functions compared before. So an edit costs the work of one function. Not thread-safe.
    """

    def __init__(self, student: LazyStudent, settings: EditorSettings, cache: Cache) -> None:
        self._student, self._settings, self._cache = student, settings, cache
        self._outliner = Outliner(student.rules, settings.parse_seconds)
        self.threshold = student.usual_threshold if settings.threshold is None else settings.threshold
        self._pairs = student.bundle.config.arity == 2
        self._rules = CloneRules.for_task(
            student.bundle.config.arity, settings.min_lines, settings.min_words, settings.simple, settings.tests
        )
        self.folders: set[str] = set()
        """The folders of the workspace: whether a file is a test is read from its path below one of them."""
        self._locations: dict[str, list[Location]] = {}
        self._by_key: dict[str, list[Location]] = defaultdict(list)
        self._code_by_key: dict[str, list[Location]] = defaultdict(list)
        self._tests: set[Location] = set()
        """`_code_by_key` is `_by_key` without `_tests`: the functions of tests, if those are not compared."""
        self._vectors: dict[str, Vectors] = {}
        self._limits: dict[str, tuple[int, NeighbourLimit]] = {}
        self._clones: dict[str, dict[str, float]] = {}
        self._family: dict[str, str] = {}
        self._suspicion: dict[str, float] = {}
        self._bodies = Bodies()

    @property
    def functions(self) -> int:
        """Number of functions."""
        return sum(map(len, self._locations.values()))

    def files_below(self, prefix: str) -> list[str]:
        """Known files whose names start with `prefix`."""
        return [name for name in self._locations if name.startswith(prefix)]

    def update(self, file: str, name: str, content: str) -> str:
        """Replace the text of `file`; the suffix of `name` gives its language. Returns why it is left out, or ""."""
        language = language_of_file(name)
        if language is None or (self._settings.languages and language not in self._settings.languages):
            self.remove(file)
            return "not in a language that is scanned"
        if reason := why_not(content.encode("utf-8", "replace")):
            self.remove(file)
            return reason
        result = self._outliner.of_text(file, content, language)
        self._bodies.set_text(file, content)
        self._replace(
            {file: result.outline.locations},
            lambda wanted: {location.key: result.texts[location.key] for location in wanted},
            keep=False,
        )
        return result.outline.skipped

    def read(self, files: Sequence[SourceFile | Skipped]) -> None:
        """The same for files on disk; files that cannot be read are left out."""
        reading = Reading(files, self._cache, self._outliner)
        locations: dict[str, list[Location]] = {name: [] for name in reading.files}
        for location in reading.places:
            locations[location.file].append(location)
        for name, file in reading.files.items():
            self._bodies.set_file(name, file)
        self._replace(locations, reading.texts, keep=True)

    def remove(self, file: str) -> None:
        """Remove a file; one that is not in the index is ignored."""
        self._bodies.remove(file)
        self._remove_functions(file)

    def _remove_functions(self, file: str) -> None:
        for location in self._locations.pop(file, ()):
            for known in (self._by_key, *([] if location in self._tests else [self._code_by_key])):
                known[location.key].remove(location)
                if not known[location.key]:
                    del known[location.key]
            if location.key not in self._by_key:
                self._bodies.forget(location.key)
            self._tests.discard(location)
            if self._is_compared(location) and self._vectors[self._family[location.key]].release(location.key):
                self._forget(location.key)

    def close(self) -> None:
        """Close the cache, and end the process that parses."""
        self._outliner.close()
        self._cache.close()

    def stop(self) -> None:
        """End parsing at once, from any thread; later work is an AvatarError."""
        self._outliner.stop()

    def hints(self, file: str) -> list[Hint]:
        """The hints of a file, in the order of its lines."""
        return [hint for location in self._locations.get(file, ()) if (hint := self._hint(location)) is not None]

    def _hint(self, location: Location) -> Hint | None:
        if not self._pairs:
            probability = self._suspicion[location.key]
            return Hint(location, probability) if probability >= self.threshold else None
        by_key = self._nameable(location)
        equal = by_key.get(location.key, ())
        if equal and not self._share_enough([location], exact=True):
            equal = [] if location in self._tests else [location]
        same = [other for other in islice(equal, MOST_CLONES + 1) if other != location]
        clones = [(other, 1.0) for other in same[:MOST_CLONES]]
        similar = {}
        if self._is_compared(location):
            found = self._clones_of(location.key).items()
            similar = {key: value for key, value in found if by_key.get(key) and self._counts_as_clone(location, key)}
        count = len(equal) - (location not in self._tests) + sum(len(by_key[key]) for key in similar)
        for key in nlargest(MOST_CLONES, similar, key=lambda one: (similar[one], one)):
            clones += [(other, similar[key]) for other in islice(by_key[key], MOST_CLONES)]
        if not clones:
            return None
        clones.sort(key=lambda one: (-one[1], one[0].file != location.file, one[0].file, one[0].first_line))
        return Hint(location, clones[0][1], tuple(clones[:MOST_CLONES]), count)

    def _nameable(self, location: Location) -> Mapping[str, Sequence[Location]]:
        """By key: the functions that may be clones of `location`; of a test only those that are no tests."""
        return self._code_by_key if location in self._tests else self._by_key

    def _counts_as_clone(self, location: Location, key: str) -> bool:
        """Whether the functions with this key are similar enough, by the rules of a scan for lookalikes."""
        is_lookalike = self._rules.is_lookalike
        others = self._by_key[key][:1]
        if all(map(is_lookalike, [location, *others])) and not self._is_same(location.key, key):
            return False
        return self._share_enough([location, *others], exact=False)

    def _share_enough(self, functions: Sequence[Location], exact: bool) -> bool:
        """Whether functions have enough code in common, by the rules of a scan."""
        least = self._rules.least_runs(exact)
        return not least or self._bodies.shared_runs(functions) >= least

    def _is_same(self, first: str, second: str) -> bool:
        """Whether two functions are the same but for names, as far as the student tells."""
        structure = self._student.bundle.structure
        if structure is None:
            return False
        one, other = self._vectors[self._family[first]].against(first, [second])
        return same_structure(one[0][structure], other[0][structure])

    def _is_test(self, location: Location) -> bool:
        path = Path(location.file)
        roots = [folder for folder in self.folders if path.is_relative_to(folder)]
        name = path.relative_to(max(roots, key=len)).as_posix() if roots else path.name
        return is_test(replace(location, file=name))

    def _is_compared(self, location: Location) -> bool:
        return not self._pairs or self._rules.compares(location)

    def _clones_of(self, key: str) -> dict[str, float]:
        if key not in self._clones:
            group = self._family[key]
            compare = partial(self._student.compare_near, self._limit(group))
            self._clones[key] = self._vectors[group].matches(key, compare, self.threshold)
        return self._clones[key]

    def _limit(self, group: str) -> NeighbourLimit:
        """The distance limit of a language family. If the code grew much, limit and clones are computed again."""
        vectors = self._vectors[group]
        if self._student.is_calibrated:
            return NeighbourLimit(np.empty((0, 1), np.float32))  # no limit is needed, so none is measured
        count, limit = self._limits.get(group, (0, NeighbourLimit(np.empty((0, 1), np.float32))))
        if len(vectors) >= max(MUCH_GROWN * count, LEAST_FUNCTIONS):
            limit = NeighbourLimit(vectors.all())
            self._limits[group] = len(vectors), limit
            self._clones = {key: clones for key, clones in self._clones.items() if self._family[key] != group}
        return limit

    def _replace(self, files: Mapping[str, Sequence[Location]], texts: Texts, keep: bool) -> None:
        kept = {
            name: [location for location in locations if self._rules.keeps(location)]
            for name, locations in files.items()
        }
        everywhere = [location for locations in kept.values() for location in locations if self._is_compared(location)]
        new = self._encode(everywhere, texts, keep)
        for location in everywhere:
            self._vectors[self._family[location.key]].hold(location.key)
        for name, locations in kept.items():
            self._remove_functions(name)
            self._locations[name] = locations
            for location in locations:
                self._by_key[location.key].append(location)
                if not self._rules.tests and self._is_test(location):
                    self._tests.add(location)
                else:
                    self._code_by_key[location.key].append(location)
        for key in new:
            self._compare_new(key)

    def _encode(self, locations: Sequence[Location], texts: Texts, keep: bool) -> list[str]:
        """Encode the functions without a vector; returns their keys. `keep` stores the vectors in the cache."""
        new = {}
        for location in locations:
            group = family(location.language)
            if group not in self._vectors:
                self._vectors[group] = Vectors(self._student.row_size, self._student.hidden_size)
            if location.key not in self._vectors[group]:
                new[location.key] = location
                self._family[location.key] = group
        known = {
            key: one
            for key, one in self._cache.vectors(list(new)).items()
            if len(one) == self._student.row_size and np.isfinite(one).all()
        }
        if missing := [location for key, location in new.items() if key not in known]:
            content = texts(missing)
            language_of = {location.key: location.language for location in missing}
            made = self._student.predictor.encode_texts(list(content.values()), [language_of[key] for key in content])
            fresh = dict(zip(content, made, strict=True))
            if keep:
                self._cache.keep_vectors(fresh)
            known |= fresh
        for key in new:
            self._vectors[self._family[key]].add({key: known[key]})
        if new and not self._pairs:
            probabilities = self._student.predictor.compare(np.stack([known[key] for key in new]))[:, 1]
            self._suspicion |= dict(zip(new, map(float, probabilities), strict=True))
        return list(new)

    def _compare_new(self, key: str) -> None:
        """Compare a new function with those whose clones are known."""
        if not self._pairs:
            return
        limit = self._limit(self._family[key])
        others = [one for one in self._clones if self._family[one] == self._family[key]]
        if not others:
            return
        vectors = self._vectors[self._family[key]]
        probabilities = self._student.compare_near(limit, *vectors.against(key, others))
        for one, probability in zip(others, probabilities, strict=True):
            if probability >= self.threshold and one != key:
                self._clones[one][key] = float(probability)

    def _forget(self, key: str) -> None:
        for other in self._clones.pop(key, ()):
            self._clones.get(other, {}).pop(key, None)
        for clones in self._clones.values():
            clones.pop(key, None)
        self._suspicion.pop(key, None)
        del self._family[key]
