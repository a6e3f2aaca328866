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
from avatar.code.ngrams import KINDS, features_of
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


class NgramReader:
    """Finds the rows of a student for the features of functions; safe to share between threads."""

    def __init__(self, config: ReaderConfig, tags: NDArray[np.uint32], buckets: int) -> None:
        self._config, self._tags, self._buckets = config, tags, buckets
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
        return cls(config, weights.tags, weights.buckets)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of features that it reads."""
        return self._config.kinds

    def __call__(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[list[int]]:
        """Distinct rows of each text's features, in ascending order."""
        rows, starts = self.rows(texts, languages)
        return [part.tolist() for part in np.split(rows, starts[1:])] if len(texts) else []

    def rows(
        self, texts: Sequence[str], languages: Sequence[str | None] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Distinct rows of all texts, one text after the other, and the index of each text's first row, (texts,)."""
        languages = [None] * len(texts) if languages is None else languages
        parts, counts = [], []
        for start in range(0, len(texts), FUNCTIONS):
            part, owners = self._part(texts[start : start + FUNCTIONS], languages[start : start + FUNCTIONS])
            parts.append(part)
            counts.append(np.bincount(owners, minlength=len(texts[start : start + FUNCTIONS])))
        total = np.concatenate(counts) if counts else np.zeros(0, np.int64)
        return (np.concatenate(parts) if parts else np.zeros(0, np.int64)), np.cumsum(total) - total

    def pieces(self, rows: Sequence[int]) -> list[str]:
        """A name for each row: a feature's digest cannot be turned back into code."""
        return [f"feature {row}" if row < len(self._tags) else f"bucket {row - len(self._tags)}" for row in rows]

    def knows(self, rows: Sequence[int]) -> bool:
        """Whether a text with these rows has a feature with a row of its own."""
        return any(row < len(self._tags) for row in rows)

    def _part(
        self, texts: Sequence[str], languages: Sequence[str | None]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        config, found, owners = self._config, [], []
        read = self._lexer(texts, languages)
        for shared in (False, True):
            kinds = [kind for kind in config.kinds if (kind in config.shared_kinds) is shared]
            if not kinds:
                continue
            digests, function = features_of(read, kinds)
            rows = self.own_rows(digests)
            if shared and self._buckets:
                bucket = ((digests >> np.uint64(8)) % np.uint64(self._buckets)).astype(np.int64) + len(self._tags)
                rows = np.where(rows < 0, bucket, rows)
            known = rows >= 0
            found.append(rows[known])
            owners.append(function[known].astype(np.int64))
        size = len(self._tags) + self._buckets
        present = np.zeros(len(texts) * size, bool)  # faster than sorting, and the result is sorted
        for rows, functions in zip(found, owners, strict=True):
            present[functions * size + rows] = True
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
