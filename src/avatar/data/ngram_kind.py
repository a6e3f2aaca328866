"""Kinds of tokenizers whose tokens are n-gram features: they choose the features that most functions have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import Lexer
from avatar.code.ngrams import ngram_features
from avatar.common.errors import DataError
from avatar.serve.ngram_tokens import SPECIAL, NgramTokens

FUNCTIONS = 500
"""Functions read at once."""
LEAST = 2
"""Functions that must have a feature: one of a single function tells nothing about others."""


@dataclass(frozen=True)
class Encoded:
    """The ids of one text."""

    ids: list[int]


class NgramCodeTokenizer:
    """`NgramTokens` in the form of a Hugging Face tokenizer, as far as students need it."""

    def __init__(self, tokens: NgramTokens) -> None:
        self.tokens = tokens
        self._max_length = 0

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """Number of tokens."""
        return self.tokens.size

    def token_to_id(self, token: str) -> int | None:
        """The id of a special token; None for all others."""
        return SPECIAL.index(token) if token in SPECIAL else None

    def to_str(self, pretty: bool = False) -> str:
        """The content of its file."""
        return self.tokens.text()

    def save(self, path: str, pretty: bool = True) -> None:
        """Write its file."""
        Path(path).write_text(self.tokens.text(), encoding="utf-8")

    def enable_truncation(self, max_length: int) -> None:
        """Keep the `max_length` most common features of a text."""
        self._max_length = max_length

    def no_truncation(self) -> None:
        """Keep all features."""
        self._max_length = 0

    def no_padding(self) -> None:
        """There never is any."""

    def encode_batch_fast(self, texts: Sequence[str], /) -> list[Encoded]:
        """The ids of each text."""
        return [Encoded(ids) for ids in self.tokens.ids(texts, self._max_length or self.tokens.size)]


@dataclass(frozen=True)
class NgramKind:
    """A kind of tokenizer that reads the n-grams `kinds`."""

    kinds: tuple[str, ...]
    alphabet: int = 0
    in_order: bool = False

    def train(self, vocab_size: int, texts: Iterable[str], language: str | None) -> NgramCodeTokenizer:
        """The tokenizer with the features that most of `texts` have; of two with one tag, the rarer is left out.

        Texts without any feature are a DataError.
        """
        digests, counts = _document_counts(list(texts), language, self.kinds)
        if not len(digests):
            raise DataError(
                f"the training functions have no n-grams of the kinds {', '.join(self.kinds)}",
                "check that they contain code, or use another tokenizer",
            )
        common = counts >= LEAST if (counts >= LEAST).any() else counts > 0
        digests, counts = digests[common], counts[common]
        best = digests[np.lexsort((digests, -counts))]
        tags = (best >> np.uint64(32)).astype(np.uint32)
        first = np.sort(np.unique(tags, return_index=True)[1])
        return NgramCodeTokenizer(NgramTokens(self.kinds, tags[first][: vocab_size - len(SPECIAL)], language))


def _document_counts(
    texts: Sequence[str], language: str | None, kinds: Sequence[str]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """All features, and the number of texts that have each. Few texts are merged at a time, to limit memory."""
    lexer, parts = Lexer(), []
    for start in range(0, len(texts), FUNCTIONS):
        part = texts[start : start + FUNCTIONS]
        digests, owners = ngram_features(lexer, part, [language] * len(part), kinds)
        order = np.lexsort((digests, owners))
        digests, owners = digests[order], owners[order]
        first = np.ones(len(digests), bool)
        first[1:] = (digests[1:] != digests[:-1]) | (owners[1:] != owners[:-1])
        parts.append(np.unique(digests[first], return_counts=True))
    parts = parts or [(np.zeros(0, np.uint64), np.zeros(0, np.int64))]
    while len(parts) > 1:
        parts = [_merged(parts[row : row + 2]) for row in range(0, len(parts), 2)]
    return parts[0]


def _merged(
    parts: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    digests, rows = np.unique(np.concatenate([one for one, _ in parts]), return_inverse=True)
    counts = np.bincount(rows, np.concatenate([one for _, one in parts]).astype(np.float64), minlength=len(digests))
    return digests, counts.astype(np.int64)
