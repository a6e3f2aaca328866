"""Probabilities from a bundle, without torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import Bundle, BundleConfig, read_bundle
from avatar.bundle.ngram_weights import read_ngram_weights
from avatar.bundle.pair_head import languages_differ, length_ratios, unit_block
from avatar.code.text import function_text
from avatar.common.errors import ConfigError, DataError
from avatar.serve.extras import ONNX, needs_extra
from avatar.serve.languages import language_warnings, only_language
from avatar.serve.ngram_reader import FUNCTIONS, NgramReader
from avatar.serve.ngram_runtime import NumpyRuntime
from avatar.serve.ngram_tokens import NgramTokenizer, reads_ngram_tokens

if TYPE_CHECKING:
    from avatar.serve.runtimes import Runtime
    from avatar.serve.tokenizing import TextTokenizer

TOKENS_OF_A_BATCH = 8192
"""Most tokens in one batch of the encoder, padding included."""


@dataclass(frozen=True)
class Answers:
    """`probabilities` (n, 2) of n examples, `tokens`: ids by example and function, and `warnings` as sentences."""

    probabilities: NDArray[np.float64]
    tokens: list[list[list[int]]]
    warnings: tuple[str, ...] = ()


class Predictor:
    """A student loaded from its folder; safe to share between threads.

    `threads` is the runtime's number of threads within one operator (0: all cores); for one example at a time, 1 is
    fastest, because students are small. `runtime` is a name in `avatar.serve.runtimes.RUNTIMES`, by default
    onnxruntime; n-gram students need none. `precision` is fp32 or int8, by default fp32 if the bundle has it. A damaged
    folder, or one without that precision, is an ArtifactError.
    """

    def __init__(
        self,
        folder: Path | str,
        threads: int = 1,
        *,
        runtime: str | None = None,
        precision: str | None = None,
    ) -> None:
        self.bundle: Bundle = read_bundle(folder)
        self.config = self.bundle.config
        self._tokenizer: TextTokenizer | NgramTokenizer | NgramReader
        self._runtime: Runtime
        if self.bundle.reads_ngrams:
            if runtime is not None:
                raise ConfigError(f"the student in {folder} needs numpy only, not {runtime}", "give no runtime")
            weights = read_ngram_weights(self.bundle.path(self.bundle.parts(precision).weights))
            self._tokenizer = NgramReader.of_bundle(self.bundle, weights)
            self._runtime = NumpyRuntime.of_bundle(self.bundle, weights)
        else:
            self._tokenizer, self._runtime = _graphs(self.bundle, runtime or "onnxruntime", precision, threads)
        self.hidden_size: int = self._runtime.hidden_size
        self._sketches = self.bundle.sketches
        self.row_size: int = self.hidden_size + self.bundle.numbers_beside_vector

    def text(self, code: str, language: str | None = None) -> str:
        """The function's text as the student reads it: by the rules of its training (see `avatar.code.text`).

        The default `language` is the student's, if it has only one. An unknown language is a ConfigError.
        """
        return function_text(code, self.config.text, language or only_language(self.config))

    def tokenize(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[list[int]]:
        """Token ids of each text that `text` returned; for an n-gram student, the rows of its features."""
        if isinstance(self._tokenizer, NgramReader):
            return self._tokenizer([text[: self.config.max_characters] for text in texts], languages).lists
        return self._tokenizer(texts)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each token."""
        return self._tokenizer.pieces(ids)

    def encode(self, codes: Sequence[str], languages: Sequence[str | None] | str | None = None) -> NDArray[np.float32]:
        """One vector per function, (n, hidden_size), in input order.

        `languages` are those of the functions, or one for all; None means unknown. Vectors of a student for the task
        "embedding" have length 1: their dot product is the cosine, and is high for clones.
        """
        names = [languages] * len(codes) if languages is None or isinstance(languages, str) else list(languages)
        rows = self.encode_texts([self.text(*one) for one in zip(codes, names, strict=True)], names)
        return rows[:, : self.hidden_size]

    def encode_texts(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> NDArray[np.float32]:
        """What is kept of texts that `text` returned, (n, row_size): the vector of each, and then its sketches."""
        if not (isinstance(self._tokenizer, NgramReader) and isinstance(self._runtime, NumpyRuntime)):
            return self.encode_ids(self.tokenize(texts))
        rows = np.empty((len(texts), self.row_size), dtype=np.float32)
        for start in range(0, len(texts), FUNCTIONS):
            part = slice(start, start + FUNCTIONS)
            cut = [text[: self.config.max_characters] for text in texts[part]]
            features = self._tokenizer(cut, None if languages is None else languages[part])
            rows[part, : self.hidden_size] = self._runtime.encode_rows(features.rows, features.starts)
            rows[part, self.hidden_size :] = features.sketches
        return rows

    def encode_ids(self, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        """The same from the token ids of each function, as `tokenize` returns them."""
        if self.config.reads_a_set:
            rows = [list(dict.fromkeys(row)) for row in rows]
        vectors = np.empty((len(rows), self.hidden_size), dtype=np.float32)
        for batch in length_batches([len(row) for row in rows]):
            ids, mask = padded([rows[index] for index in batch], self.config.pad_id)
            vectors[batch] = self._runtime.encode(ids, mask)
        return vectors

    def logits(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n, 2) from one array of vectors (functions) or two of equal length (pairs)."""
        self._check_sides(vectors)
        if not len(vectors[0]):
            return np.zeros((0, 2), dtype=np.float32)
        return self._runtime.classify(*vectors)

    def clone_probability(
        self,
        first: NDArray[np.float32],
        second: NDArray[np.float32],
        lengths: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
        languages: tuple[Sequence[str], Sequence[str]] | None = None,
    ) -> NDArray[np.float64]:
        """Probability (n,) that row i of both arrays are clones, by the calibrated head.

        The arrays are what `encode_texts` returned, (n, row_size), or the vectors alone, (n, hidden_size); then the
        head for vectors alone decides. The probability is right where `pair_head.base_rate` of all pairs are clones.
        `lengths` are the numbers of characters of the functions' texts, `languages` the names of their languages, "" if
        unknown; without them, both functions are taken to have the same. A student without a calibrated head is a
        DataError.
        """
        head, overlaps = self.config.pair_head, None
        if head is None:
            raise DataError(
                f"this student has no calibrated head: its task is '{self.config.task}'", "use predict or compare"
            )
        if self._sketches is not None and first.shape[1] == self.row_size and self.config.sketch_head is not None:
            head = self.config.sketch_head
            overlaps = self._sketches.overlaps(first[:, self.hidden_size :], second[:, self.hidden_size :])
            first, second = first[:, : self.hidden_size], second[:, : self.hidden_size]
        cosines = np.einsum("nw,nw->n", first, second).astype(np.float64)
        ratios = np.zeros(len(cosines)) if lengths is None else length_ratios(*lengths)
        foreign = np.zeros(len(cosines), dtype=np.bool_)
        if languages is not None:
            foreign = languages_differ(*(np.asarray(names, dtype=np.str_) for names in languages))
        structure = self.bundle.structure
        inner = None
        if structure is not None:
            inner = np.einsum("nw,nw->n", unit_block(first, structure), unit_block(second, structure))
        return head.probability(cosines, ratios, foreign, inner, overlaps)

    def _check_sides(self, vectors: Sequence[NDArray[np.float32]]) -> None:
        if len(vectors) != self.config.arity:
            raise DataError(
                f"this student needs {self.config.arity} function(s) per example, {len(vectors)} given",
                f"its task is '{self.config.task}'",
            )
        if len({len(part) for part in vectors}) != 1:
            raise DataError(
                f"there are {' and '.join(str(len(part)) for part in vectors)} vectors for the two sides of a pair",
                "give the same number on both sides",
            )

    def compare(self, *vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 2) from what `encode_texts` or `encode` returned; for pairs, row i of both."""
        if self.config.pair_head is not None:
            self._check_sides(vectors)
            return _both(self.clone_probability(vectors[0], vectors[1]))
        return softmax(self.logits(*vectors) / self.config.temperature)

    def predict(
        self, examples: Sequence[str] | Sequence[tuple[str, str]], language: str | None = None
    ) -> NDArray[np.float64]:
        """Probabilities (n, 2) of functions, or of pairs, in `language`. Each distinct function is encoded once."""
        functions = [[example] if isinstance(example, str) else list(example) for example in examples]
        return self.answer(functions, [language] * self.config.arity).probabilities

    def answer(self, examples: Sequence[Sequence[str]], languages: Sequence[str | None]) -> Answers:
        """The same with tokens and warnings. An example is the list of its functions.

        `languages` are those of an example's first and second function, None if unknown. Each distinct function is
        tokenized and encoded once.
        """
        for row, members in enumerate(examples):
            if len(members) != self.config.arity:
                raise DataError(
                    f"example {row} has {len(members)} function(s), this student needs {self.config.arity}",
                    f"its task is '{self.config.task}'",
                )
        texts = [[self.text(code, language) for code, language in zip(one, languages, strict=True)] for one in examples]
        index = {text: row for row, text in enumerate(dict.fromkeys(text for one in texts for text in one))}
        language_of = {text: language for one in texts for text, language in zip(one, languages, strict=True)}
        names = [language_of[text] for text in index]
        rows = self.tokenize(list(index), names)
        vectors = self.encode_texts(list(index), names) if self._sketches is not None else self.encode_ids(rows)
        sides = [np.asarray([index[one[side]] for one in texts], dtype=np.int64) for side in range(self.config.arity)]
        return Answers(
            self._probabilities([vectors[side] for side in sides], texts, languages),
            [[rows[index[text]] for text in one] for one in texts],
            (*language_warnings(self.config, languages), *self._unknown(rows)),
        )

    def _unknown(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """A warning if the student knows nothing of a text: the answer about it then comes from nothing."""
        count = sum(not self._tokenizer.knows(row) for row in rows)
        if not count:
            return []
        return [f"the student knows nothing in {count} of the {len(rows)} functions: its answers for them say nothing"]

    def _probabilities(
        self,
        vectors: Sequence[NDArray[np.float32]],
        texts: Sequence[Sequence[str]],
        languages: Sequence[str | None],
    ) -> NDArray[np.float64]:
        """As `compare`, with the lengths and languages of the functions if there is a calibrated head."""
        if self.config.pair_head is None:
            return self.compare(*vectors)
        first, second = (np.asarray([len(one[side]) for one in texts], dtype=np.int64) for side in (0, 1))
        names = tuple([language or ""] * len(texts) for language in languages)
        return _both(self.clone_probability(vectors[0], vectors[1], (first, second), (names[0], names[1])))

    def label(self, probabilities: NDArray[np.float64]) -> list[str]:
        """The name of each row's label: the second if its probability is at least the threshold."""
        return chosen_labels(self.config, probabilities)


def chosen_labels(config: BundleConfig, probabilities: NDArray[np.float64]) -> list[str]:
    """The name of each row's label: the second if its probability is at least the threshold."""
    return [config.labels[int(row[1] >= config.threshold)] for row in probabilities]


def _graphs(
    bundle: Bundle, runtime: str, precision: str | None, threads: int
) -> "tuple[TextTokenizer | NgramTokenizer, Runtime]":
    """Tokenizer and runtime of a student with graphs. Their libraries are imported here: other students need none."""
    from avatar.serve.checked_runtime import CheckedRuntime
    from avatar.serve.graph_checks import check_parts
    from avatar.serve.runtimes import load_runtime

    check_parts(bundle, bundle.parts(precision))
    tokenizer = NgramTokenizer(bundle) if reads_ngram_tokens(bundle) else _text_tokenizer(bundle)
    heads = bundle.config.arity if bundle.config.has_head else 0
    return tokenizer, CheckedRuntime(load_runtime(runtime, bundle, precision, threads), bundle.folder, heads)


def _text_tokenizer(bundle: Bundle) -> "TextTokenizer":
    with needs_extra(ONNX):
        from avatar.serve.tokenizing import TextTokenizer
    return TextTokenizer(bundle)


def _both(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (n, 2) of both labels from those of the second."""
    return np.stack([1 - probabilities, probabilities], axis=1)


def length_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row indices in batches of similar lengths, each at most `TOKENS_OF_A_BATCH` tokens with padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > TOKENS_OF_A_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, (n, longest), of rows of token ids; the mask is 1 on tokens."""
    longest = max(1, max(map(len, rows)))
    ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Softmax over the last axis, in double precision."""
    shifted = np.asarray(logits, dtype=np.float64)
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
