"""The functions of a workspace, and which of them a student points at."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nlargest
from itertools import islice

import numpy as np

from avatar.code.languages import family, language_of_file
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.vectors import Vectors
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.chance_neighbours import LEAST_FUNCTIONS, NeighbourLimit
from avatar.serve.scan.findings import Location
from avatar.serve.scan.outline import outline
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.scanner import Texts
from avatar.serve.scan.source_files import Skipped, SourceFile, why_not
from avatar.serve.scan.student import LazyStudent

MOST_TWINS = 5
"""Of more clones of one function, the others are only counted."""

MUCH_GROWN = 1.25
"""So many times as many functions as last time, and what is near is read off again."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A function that somebody should look at.

    `twins` are its likeliest clones with their probabilities, at most `MOST_TWINS` of `count`.
    """

    place: Location
    probability: float
    twins: tuple[tuple[Location, float], ...] = ()
    count: int = 0


class Index:
    """Functions by file, their vectors, and which are clones of each other. `Location.file` is as the caller names it.

    A function is encoded when its text changes and compared when somebody asks for it; whoever comes later is
    compared with those that were asked for. So an edit costs one function's work. For one thread at a time.
    """

    def __init__(self, student: LazyStudent, settings: EditorSettings, cache: Cache) -> None:
        self._student, self._settings, self._cache = student, settings, cache
        self.threshold = student.usual_threshold if settings.threshold is None else settings.threshold
        self._pairs = student.bundle.config.arity == 2
        self._places: dict[str, list[Location]] = {}
        self._at: dict[str, list[Location]] = defaultdict(list)
        self._vectors: dict[str, Vectors] = {}
        self._nearness: dict[str, tuple[int, NeighbourLimit]] = {}
        self._twins: dict[str, dict[str, float]] = {}
        self._family: dict[str, str] = {}
        self._suspicion: dict[str, float] = {}

    @property
    def functions(self) -> int:
        """How many there are."""
        return sum(map(len, self._places.values()))

    def files_below(self, prefix: str) -> list[str]:
        """Known files whose names start with `prefix`."""
        return [name for name in self._places if name.startswith(prefix)]

    def update(self, file: str, name: str, content: str) -> str:
        """Take `content` for the text of `file`; `name` tells its language. The answer: why it is left out, or ""."""
        language = language_of_file(name)
        if language is None or (self._settings.languages and language not in self._settings.languages):
            self.remove(file)
            return "not in a language that is looked at"
        if reason := why_not(content.encode("utf-8", "replace")):
            self.remove(file)
            return reason
        found, texts = outline(file, content, language, self._student.rules)
        self._replace(
            {file: found.places}, lambda wanted: {place.key: texts[place.key] for place in wanted}, keep=False
        )
        return ""

    def read(self, files: Sequence[SourceFile | Skipped]) -> None:
        """The same for files on disk, as far as they can be read; their names are what they are known by."""
        reading = Reading(files, self._cache, self._student.rules)
        places: dict[str, list[Location]] = {name: [] for name in reading.files}
        for place in reading.places:
            places[place.file].append(place)
        self._replace(places, reading.texts, keep=True)

    def remove(self, file: str) -> None:
        """Forget a file, known or not."""
        for place in self._places.pop(file, ()):
            self._at[place.key].remove(place)
            if not self._at[place.key]:
                del self._at[place.key]
            if self._vectors[self._family[place.key]].release(place.key):
                self._forget(place.key)

    def close(self) -> None:
        """Let go of the cache."""
        self._cache.close()

    def hints(self, file: str) -> list[Hint]:
        """What is found in a file, in the order of its lines."""
        return [hint for place in self._places.get(file, ()) if (hint := self._hint(place)) is not None]

    def _hint(self, place: Location) -> Hint | None:
        if not self._pairs:
            probability = self._suspicion[place.key]
            return Hint(place, probability) if probability >= self.threshold else None
        same = [other for other in islice(self._at[place.key], MOST_TWINS + 1) if other != place][:MOST_TWINS]
        found = [(other, 1.0) for other in same]
        alike = self._twins_of(place.key)
        count = len(self._at[place.key]) - 1 + sum(len(self._at.get(key, ())) for key in alike)
        for key in nlargest(MOST_TWINS, alike, key=lambda one: (alike[one], one)):
            found += [(other, alike[key]) for other in islice(self._at.get(key, ()), MOST_TWINS)]
        if not found:
            return None
        found.sort(key=lambda one: (-one[1], one[0].file != place.file, one[0].file, one[0].first_line))
        return Hint(place, found[0][1], tuple(found[:MOST_TWINS]), count)

    def _twins_of(self, key: str) -> dict[str, float]:
        if key not in self._twins:
            group = self._family[key]
            compare = partial(self._student.compare_near, self._near(group))
            self._twins[key] = self._vectors[group].matches(key, compare, self.threshold)
        return self._twins[key]

    def _near(self, group: str) -> NeighbourLimit:
        """What is near in this language; read off anew, and all clones with it, where the code has grown much."""
        vectors = self._vectors[group]
        count, nearness = self._nearness.get(group, (0, NeighbourLimit(np.empty((0, 1), np.float32))))
        if len(vectors) >= max(MUCH_GROWN * count, LEAST_FUNCTIONS):
            nearness = NeighbourLimit(vectors.all())
            self._nearness[group] = len(vectors), nearness
            self._twins = {key: twins for key, twins in self._twins.items() if self._family[key] != group}
        return nearness

    def _replace(self, files: Mapping[str, Sequence[Location]], texts: Texts, keep: bool) -> None:
        kept = {name: [place for place in places if self._is_large(place)] for name, places in files.items()}
        everywhere = [place for places in kept.values() for place in places]
        new = self._encode(everywhere, texts, keep)
        for place in everywhere:
            self._vectors[self._family[place.key]].hold(place.key)
        for name, places in kept.items():
            self.remove(name)
            self._places[name] = places
            for place in places:
                self._at[place.key].append(place)
        for key in new:
            self._meet(key)

    def _encode(self, places: Sequence[Location], texts: Texts, keep: bool) -> list[str]:
        """Rows for those functions that have none; their keys. What is half typed is not worth to `keep`."""
        new = {}
        for place in places:
            group = family(place.language)
            if group not in self._vectors:
                self._vectors[group] = Vectors(self._student.predictor.hidden_size)
            if place.key not in self._vectors[group]:
                new[place.key] = place
                self._family[place.key] = group
        known = self._cache.vectors(list(new))
        if missing := [place for key, place in new.items() if key not in known]:
            content = texts(missing)
            made = self._student.predictor.encode_texts(list(content.values()))
            fresh = dict(zip(content, made, strict=True))
            if keep:
                self._cache.keep_vectors(fresh)
            known |= fresh
        for key in new:
            self._vectors[self._family[key]].add({key: known[key]})
        if new and not self._pairs:
            chances = self._student.predictor.compare(np.stack([known[key] for key in new]))[:, 1]
            self._suspicion |= dict(zip(new, map(float, chances), strict=True))
        return list(new)

    def _meet(self, key: str) -> None:
        """Compare a new function with those whose clones are known."""
        if not self._pairs:
            return
        near = self._near(self._family[key])
        asked = [one for one in self._twins if self._family[one] == self._family[key]]
        if not asked:
            return
        vectors = self._vectors[self._family[key]]
        chances = self._student.compare_near(near, *vectors.against(key, asked))
        for one, chance in zip(asked, chances, strict=True):
            if chance >= self.threshold and one != key:
                self._twins[one][key] = float(chance)

    def _forget(self, key: str) -> None:
        for other in self._twins.pop(key, ()):
            self._twins.get(other, {}).pop(key, None)
        for found in self._twins.values():
            found.pop(key, None)
        self._suspicion.pop(key, None)
        del self._family[key]

    def _is_large(self, place: Location) -> bool:
        return place.code_lines >= self._settings.min_lines and place.words >= self._settings.min_words
