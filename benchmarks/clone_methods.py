"""Ways to compare two functions by a score: the student, token overlap, TF-IDF, and MiniLM's cosine.

Libraries are imported by the method that needs them, so that the memory of one does not count for the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.logging import progress
from avatar.metrics.vector_space import unit_vectors
from avatar.serve import Predictor

Scores = NDArray[np.float32]
AT_ONCE = 20_000
"""Pairs that are compared at once."""


@dataclass(frozen=True)
class Encoded:
    """Functions of which pairs can be compared. `vectors` (n, width) are dense or sparse.

    The score is the dot product; with `sets`, vectors have ones for the tokens of a function, and it is Jaccard's.
    """

    vectors: Any
    sets: bool = False

    def scores(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Scores:
        """The score of each pair, (pairs,)."""
        scores = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            scores[part] = self._of_pairs(first[part], second[part])
        return scores

    def all_pairs(self, rows: int) -> Scores:
        """The scores of the first functions with each other, (rows, rows)."""
        vectors = self.vectors[:rows]
        product = vectors @ vectors.T
        shared = np.asarray(product if isinstance(product, np.ndarray) else product.toarray(), dtype=np.float32)
        return self._shares(shared, self._sizes[:rows, None], self._sizes[None, :rows]) if self.sets else shared

    @property
    def _sizes(self) -> Scores:
        return np.asarray(self.vectors.sum(axis=1), dtype=np.float32).ravel()

    def _of_pairs(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Scores:
        left, right = self.vectors[first], self.vectors[second]
        if isinstance(left, np.ndarray):
            return np.asarray(np.einsum("nw,nw->n", left, right), dtype=np.float32)
        shared = np.asarray(left.multiply(right).sum(axis=1), dtype=np.float32).ravel()
        sizes = self._sizes if self.sets else None
        return shared if sizes is None else self._shares(shared, sizes[first], sizes[second])

    @staticmethod
    def _shares(shared: Scores, first: Scores, second: Scores) -> Scores:
        return np.asarray(shared / np.maximum(first + second - shared, 1), dtype=np.float32)


@dataclass(frozen=True)
class Calibrated:
    """Functions whose pairs are compared by the student's calibrated head: the score is its log-odds of a clone.

    `rows` (n, row_size) are vectors with their sketches; the `lengths` of the texts (n,), and the `languages` (n,).
    """

    predictor: Predictor
    rows: Scores
    lengths: NDArray[np.int64]
    languages: NDArray[np.str_]

    def scores(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Scores:
        """The score of each pair, (pairs,)."""
        scores = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), AT_ONCE):
            one, two = first[start : start + AT_ONCE], second[start : start + AT_ONCE]
            chances = self.predictor.clone_probability(
                self.rows[one],
                self.rows[two],
                (self.lengths[one], self.lengths[two]),
                (self.languages[one].tolist(), self.languages[two].tolist()),
            )
            # Cosines decide between pairs whose probabilities are equal in float64.
            vectors = self.rows[:, : self.predictor.hidden_size]
            cosines = np.einsum("nw,nw->n", vectors[one], vectors[two])
            odds = np.log(np.maximum(chances, 1e-300)) - np.log(np.maximum(1 - chances, 1e-16))
            scores[start : start + AT_ONCE] = odds + 1e-3 * cosines
        return scores

    def all_pairs(self, rows: int) -> Scores:
        """The scores of the first functions with each other, (rows, rows)."""
        first, second = np.divmod(np.arange(rows * rows), rows)
        return self.scores(first, second).reshape(rows, rows)


Encode = Callable[[Sequence[str], Sequence[str]], Encoded | Calibrated]
"""Codes and their languages to something that compares them."""


@dataclass(frozen=True)
class Method:
    """A way to compare functions: its title in tables, how it is loaded, and whether it is slow."""

    title: str
    load: Callable[[Path], Encode]
    slow: bool = False


def _student(bundle: Path) -> Encode:
    predictor = Predictor(bundle)
    return lambda codes, languages: Encoded(unit_vectors(predictor.encode(codes, languages)))


def _calibrated(bundle: Path) -> Encode:
    predictor = Predictor(bundle)

    def encode(codes: Sequence[str], languages: Sequence[str]) -> Calibrated:
        texts = [predictor.text(*one) for one in zip(codes, languages, strict=True)]
        rows = predictor.encode_texts(texts, list(languages))
        return Calibrated(predictor, rows, np.array([len(text) for text in texts]), np.array(languages))

    return encode


def _overlap(bundle: Path) -> Encode:
    from sklearn.feature_extraction.text import CountVectorizer

    def encode(codes: Sequence[str], languages: Sequence[str]) -> Encoded:
        counter = CountVectorizer(analyzer=list, binary=True, dtype=np.float32)
        return Encoded(counter.fit_transform(_tokens(codes, languages)).tocsr(), sets=True)

    return encode


def _tfidf(bundle: Path) -> Encode:
    from sklearn.feature_extraction.text import TfidfVectorizer

    def encode(codes: Sequence[str], languages: Sequence[str]) -> Encoded:
        vectorizer = TfidfVectorizer(analyzer=_one_to_three, sublinear_tf=True, dtype=np.float32)
        return Encoded(vectorizer.fit_transform(_tokens(codes, languages)).tocsr())

    return encode


def _tokens(codes: Sequence[str], languages: Sequence[str]) -> list[list[str]]:
    from avatar.data.corpus.code_tokens import code_tokens

    return [code_tokens(code, language) for code, language in zip(codes, languages, strict=True)]


def _one_to_three(tokens: Sequence[str]) -> list[str]:
    return [" ".join(tokens[row : row + n]) for n in (1, 2, 3) for row in range(len(tokens) - n + 1)]


def _minilm(bundle: Path) -> Encode:
    """sentence-transformers/all-MiniLM-L6-v2: 256 tokens, mean of the states, as its authors use it."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from avatar.teacher.packaged import MINILM, packaged_folder
    from avatar.teacher.state_pooling import mean

    folder = packaged_folder(MINILM.module)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModel.from_pretrained(str(folder)).eval()

    def encode(codes: Sequence[str], languages: Sequence[str]) -> Encoded:
        vectors = np.empty((len(codes), model.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(codes)), key=lambda row: len(codes[row]))
        with torch.inference_mode():
            for start in progress(range(0, len(order), 32), "MiniLM, batches of 32 functions"):
                rows = order[start : start + 32]
                batch = tokenizer(
                    [codes[row] for row in rows], padding=True, truncation=True, max_length=256, return_tensors="pt"
                )
                vectors[rows] = mean(model(**batch).last_hidden_state, batch["attention_mask"]).numpy()
        return Encoded(unit_vectors(vectors))

    return encode


METHODS = {
    "student": Method("Avatar's student, cosine", _student),
    "calibrated": Method("Avatar's student, calibrated probability", _calibrated),
    "overlap": Method("token overlap", _overlap),
    "tfidf": Method("TF-IDF of 1-3-grams", _tfidf),
    "minilm": Method("MiniLM, cosine", _minilm, slow=True),
}
"""By name, in the order of the tables. TF-IDF counts frequencies in the functions that are compared."""
