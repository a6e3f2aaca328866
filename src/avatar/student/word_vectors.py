"""What an n-gram student knows about single words, as a start for the token table of another student."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.bundle import TOKENIZER, Bundle, read_bundle
from avatar.bundle.ngram_weights import read_ngram_weights
from avatar.code.lexer import word_spans
from avatar.code.ngrams import WORD, word_features
from avatar.common.errors import ConfigError
from avatar.common.hashing import stable_hash
from avatar.common.paths import user_path
from avatar.data.ngram_kind import NgramCodeTokenizer
from avatar.data.tokenizers import MAX_CHARACTERS, SPECIAL_TOKENS, CodeTokenizer
from avatar.serve.default_student import FOLDER
from avatar.serve.ngram_reader import NgramReader

DEFAULT = "default"
"""The name of the student that is installed with avatar."""
FUNCTIONS = 500
"""Functions tokenized at once."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """`vectors` (words, width) of words that are known by the upper 32 bits of their feature, `tags` (words,).

    The tags are in ascending order.
    """

    tags: NDArray[np.uint32]
    vectors: Vectors

    def of(self, words: Sequence[str]) -> tuple[Vectors, NDArray[np.bool_]]:
        """The vectors of lower-case words (words, width), and which words have one; the others have 0."""
        tags = (word_features(words) >> np.uint64(32)).astype(np.uint32)
        rows = np.minimum(np.searchsorted(self.tags, tags), len(self.tags) - 1)
        known = self.tags[rows] == tags
        return self.vectors[rows] * known[:, None], known


def read_word_vectors(name: str) -> WordVectors:
    """The vectors of `name`: `DEFAULT`, or the folder of an n-gram student's bundle.

    They are the rows of the student's block `meaning`. A bundle of another kind, or without any word, is a ConfigError;
    a damaged one is an ArtifactError.
    """
    bundle = start_bundle(name)
    weights = read_ngram_weights(bundle.path(bundle.parts().weights))
    first = len(weights.structure)
    tags = weights.tags[first:]
    if WORD not in NgramReader.of_bundle(bundle, weights).kinds or not len(tags):
        raise ConfigError(f"the n-gram student in {bundle.folder} knows no single words", f"use {DEFAULT}, or another")
    return WordVectors(tags, weights.meaning[: len(tags)].astype(np.float32))


def start_bundle(name: str) -> Bundle:
    """The bundle that `name` means; one of another kind is a ConfigError."""
    folder = FOLDER if name == DEFAULT else user_path(name)
    bundle = read_bundle(folder)
    if not bundle.reads_ngrams:
        raise ConfigError(
            f"the bundle in {folder} is not an n-gram student (it has {', '.join(bundle.precisions)} graphs)",
            f"give {DEFAULT}, or the folder of an n-gram student",
        )
    return bundle


def start_digest(name: str | None) -> str | None:
    """A digest of what a student starts from; it does not depend on the folder. None for no start."""
    if name is None:
        return None
    bundle = start_bundle(name)
    return stable_hash([bundle.digests[file] for file in (bundle.parts().weights, TOKENIZER)])


@dataclass(frozen=True)
class TokenVectors:
    """The ids of the tokens that have a vector (tokens,), and their vectors (tokens, width)."""

    tokens: NDArray[np.int64]
    vectors: Vectors

    def projected(self, width: int, spread: float, seed: int = 0) -> Vectors:
        """The vectors in `width` numbers, (tokens, width), each with the root mean square `spread`.

        They are projected onto the directions in which they are largest (principal components without a mean). Then a
        random rotation gives all numbers the same share of them; a wider table gets the vectors in a random subspace.
        """
        units = self.vectors / np.maximum(np.linalg.norm(self.vectors, axis=1, keepdims=True), 1e-12)
        kept = min(width, units.shape[1])
        directions = np.linalg.eigh(units.T.astype(np.float64) @ units)[1][:, -kept:]
        rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0][:kept]
        result = units @ (directions @ rotation)
        size = np.sqrt(np.square(result).mean(axis=1, keepdims=True))
        return (result * (spread / np.maximum(size, 1e-12))).astype(np.float32)


def token_vectors(words: WordVectors, tokenizer: CodeTokenizer, texts: Sequence[str]) -> TokenVectors:
    """The vectors of the tokens of `tokenizer`, from the functions `texts` that it was trained on.

    A token's vector is the mean, over all places where it is in `texts`, of the vectors of the words there: those that
    it contains, and those that it is a piece of. Words without a vector do not count; a token that is only at such
    places, or at no word, has none. Tokens that are n-gram features have their own vectors.
    """
    if isinstance(tokenizer, NgramCodeTokenizer):
        return _of_features(words, tokenizer.tokens.tags)
    numbers: dict[str, int] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for start in range(0, len(texts), FUNCTIONS):
        part = [text[:MAX_CHARACTERS] for text in texts[start : start + FUNCTIONS]]
        counts.update(zip(*_overlaps(cast(Tokenizer, tokenizer), part, numbers), strict=True))
    vectors, known = words.of(list(numbers))
    total: Counter[int] = Counter()
    sums: dict[int, Vectors] = {}
    for (token, word), count in counts.items():
        if known[word]:
            total[token] += count
            sums[token] = sums.get(token, 0) + count * vectors[word]
    tokens = [token for token in sorted(sums) if sums[token].any()]
    means = np.zeros((len(tokens), words.vectors.shape[1]), np.float32)
    for row, token in enumerate(tokens):
        means[row] = sums[token] / total[token]
    return TokenVectors(np.array(tokens, np.int64), means)


def _of_features(words: WordVectors, tags: NDArray[np.uint32]) -> TokenVectors:
    rows = np.minimum(np.searchsorted(words.tags, tags), len(words.tags) - 1)
    known = np.flatnonzero(words.tags[rows] == tags)
    return TokenVectors(known + len(SPECIAL_TOKENS), words.vectors[rows[known]])


def _overlaps(tokenizer: Tokenizer, texts: Sequence[str], numbers: dict[str, int]) -> tuple[list[int], list[int]]:
    """Of each place where a token and a word share characters: the token, and the word's number.

    New words are added to `numbers`.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    words: list[int] = []
    word_ends: list[tuple[int, int]] = []
    base = 0
    for text, encoding in zip(texts, tokenizer.encode_batch(list(texts)), strict=True):
        ids += encoding.ids
        spans += [(base + low, base + high) for low, high in encoding.offsets]
        for low, high in word_spans(text):
            words.append(numbers.setdefault(text[low:high].lower(), len(numbers)))
            word_ends.append((base + low, base + high))
        base += len(text) + 1
    token_spans, all_words = np.array(spans, np.int64).reshape(-1, 2), np.array(word_ends, np.int64).reshape(-1, 2)
    first = np.searchsorted(all_words[:, 1], token_spans[:, 0], side="right")
    after = np.searchsorted(all_words[:, 0], token_spans[:, 1], side="left")
    lengths = np.maximum(after - first, 0)
    shifts = first - np.cumsum(lengths) + lengths
    places = np.arange(int(lengths.sum())) + np.repeat(shifts, lengths)
    return np.repeat(np.array(ids, np.int64), lengths).tolist(), np.array(words, np.int64)[places].tolist()
