"""From functions to the rows of an n-gram student's weights: what a tokenizer is for other students."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import TOKENIZER, Bundle
from avatar.bundle.ngram_weights import NgramWeights
from avatar.bundle.strict_json import list_of_names, read_object, shown, whole
from avatar.code.lexer import Lexer
from avatar.code.ngrams import KINDS, features_by_kind
from avatar.code.sketches import SketchRules
from avatar.common.errors import ArtifactError

TYPE = "ngrams"
"""Value of `type` in the tokenizer's file."""
MOST_JSON_BYTES = 1_000_000
FUNCTIONS = 100
"""Functions read at once: the table of which has which row then fits into a processor's cache."""
_SLOTS = 20
"""Bits of a digest that choose a slot of the lookup table."""


@dataclass(frozen=True)
class ReaderConfig:
    """The file tokenizer.json of an n-gram student. A feature of `shared_kinds` without an own row uses a bucket."""

    type: str = TYPE
    version: int = 2
    kinds: tuple[str, ...] = KINDS
    shared_kinds: tuple[str, ...] = ("w1", "c1", "p1", "p2")

    def text(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ReaderConfig":
        """The config from the file's content; an unknown version, or a wrong list of kinds, is a ValueError."""
        config = cls(
            str(values.get("type")),
            whole(values, "version"),
            list_of_names(values, "kinds"),
            list_of_names(values, "shared_kinds"),
        )
        if config.type != TYPE or config.version != 2:
            raise ValueError(f"type is {shown(config.type)}, version is {shown(config.version)}, not {TYPE} and 2")
        for name, kinds in (("kinds", config.kinds), ("shared_kinds", config.shared_kinds)):
            if unknown := sorted(set(kinds) - set(KINDS)):
                raise ValueError(f"{name} has {shown(unknown)}; known are {', '.join(KINDS)}")
            if len(kinds) > len(set(kinds)):
                raise ValueError(f"{name} has an entry twice")
        if not config.kinds:
            raise ValueError("kinds is empty: the student would read nothing")
        return config


@dataclass(frozen=True)
class Features:
    """What an n-gram student reads of some functions.

    `rows` (n,) are the distinct rows of the weights of all functions, one function after the other and in ascending
    order, `starts` (functions,) the index of each one's first row, and `sketches` (functions, numbers) the sketches.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    sketches: NDArray[np.float32]

    @property
    def lists(self) -> list[list[int]]:
        """The rows of each function."""
        return [part.tolist() for part in np.split(self.rows, self.starts[1:])] if len(self.starts) else []


class NgramReader:
    """Finds the rows of a student for the features of functions; safe to share between threads.

    With `sketches`, it makes those too.
    """

    def __init__(
        self, config: ReaderConfig, tags: NDArray[np.uint32], buckets: int, sketches: SketchRules | None = None
    ) -> None:
        self._config, self._tags, self._buckets, self._sketches = config, tags, buckets, sketches
        self._kinds = list(dict.fromkeys([*config.kinds, *(sketches.kinds if sketches is not None else ())]))
        self._lexer = Lexer()
        self._slots = np.full(1 << _SLOTS, -1, np.int32)
        self._slots[tags & np.uint32((1 << _SLOTS) - 1)] = np.arange(len(tags), dtype=np.int32)
        row_of_slot = self._slots[tags & np.uint32((1 << _SLOTS) - 1)]
        self._rest = np.flatnonzero(row_of_slot != np.arange(len(tags)))  # another feature has the slot
        order = np.argsort(tags[self._rest], kind="stable")
        self._rest = self._rest[order]

    @classmethod
    def of_bundle(cls, bundle: Bundle, weights: NgramWeights) -> "NgramReader":
        """The reader of a bundle; a wrong file is an ArtifactError."""
        path = bundle.path(TOKENIZER)
        try:
            config = ReaderConfig.from_dict(read_object(path, MOST_JSON_BYTES))
        except ValueError as error:
            raise ArtifactError(f"{path} does not describe n-grams: {error}", "copy the bundle again") from error
        return cls(config, weights.tags, weights.buckets, bundle.sketches)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of features that it reads."""
        return self._config.kinds

    def __call__(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> Features:
        """The features of each text."""
        languages = [None] * len(texts) if languages is None else languages
        parts, counts, sketches = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], []
        for start in range(0, len(texts), FUNCTIONS):
            chosen = texts[start : start + FUNCTIONS]
            read = self._lexer(chosen, languages[start : start + FUNCTIONS])
            features = features_by_kind(read, self._kinds)
            part, owners = self._part(features, len(chosen))
            parts.append(part)
            counts.append(np.bincount(owners, minlength=len(chosen)))
            sketches += [self._sketches(features, len(chosen))] if self._sketches is not None else []
        total = np.concatenate(counts)
        sketch = np.concatenate(sketches) if sketches else np.zeros((len(texts), self.sketch_size), np.float32)
        return Features(np.concatenate(parts), np.cumsum(total) - total, sketch)

    @property
    def sketch_size(self) -> int:
        """How many numbers the sketches of a function are; 0 if the student has none."""
        return 0 if self._sketches is None else self._sketches.numbers

    def pieces(self, rows: Sequence[int]) -> list[str]:
        """A name for each row: a feature's digest cannot be turned back into code."""
        return [f"feature {row}" if row < len(self._tags) else f"bucket {row - len(self._tags)}" for row in rows]

    def knows(self, rows: Sequence[int]) -> bool:
        """Whether a text with these rows has a feature with a row of its own."""
        return any(row < len(self._tags) for row in rows)

    def _part(
        self, features: Mapping[str, tuple[NDArray[np.uint64], NDArray[np.int32]]], functions: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        config, found, owners = self._config, [], []
        for shared in (False, True):
            kinds = [kind for kind in config.kinds if (kind in config.shared_kinds) is shared]
            if not kinds:
                continue
            digests, function = map(np.concatenate, zip(*(features[kind] for kind in kinds), strict=True))
            rows = self.own_rows(digests)
            if shared and self._buckets:
                bucket = ((digests >> np.uint64(8)) % np.uint64(self._buckets)).astype(np.int64) + len(self._tags)
                rows = np.where(rows < 0, bucket, rows)
            known = rows >= 0
            found.append(rows[known])
            owners.append(function[known].astype(np.int64))
        size = len(self._tags) + self._buckets
        present = np.zeros(functions * size, bool)  # faster than sorting, and the result is sorted
        for rows, numbers in zip(found, owners, strict=True):
            present[numbers * size + rows] = True
        owner, row = np.divmod(np.flatnonzero(present), size)
        return row, owner

    def own_rows(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each digest, -1 for those without."""
        tags = (digests >> np.uint64(32)).astype(np.uint32)
        rows = self._slots[tags & np.uint32((1 << _SLOTS) - 1)].astype(np.int64)
        missed = np.flatnonzero((self._tags[rows] != tags) & (rows >= 0))  # the slot has another feature's row
        rows[missed] = -1
        if len(self._rest) and len(missed):
            others, wanted = self._tags[self._rest], tags[missed]
            index = np.minimum(np.searchsorted(others, wanted), len(others) - 1)
            rows[missed] = np.where(others[index] == wanted, self._rest[index], -1)
        return rows
