"""Cheap similarities of functions, to compare with those of a student's vectors: TF-IDF and token overlap."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from avatar.common.seeding import generator
from avatar.data.disjoint import whole_groups
from avatar.data.records import Corpus, SplitName
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import SimilaritySpace

MAX_CHARACTERS = 20_000
"""Longer functions are cut to this length."""
MOST_FUNCTIONS = 10_000
"""Of more functions, a random part of the groups is used: the similarities of all pairs are in memory."""
MOST_TRAINING = 50_000
"""Of more training functions, a random part is used to count how frequent a token is."""
TOKENS = re.compile(r"\w+|[^\w\s]")

Similarities = NDArray[np.float32]


@dataclass(frozen=True)
class VectorBaseline:
    """Similarities (n, n) of n texts, from the training's texts and these; and the name in the report."""

    similarities: Callable[[Sequence[str], Sequence[str]], Similarities]
    title: str


def tfidf(training: Sequence[str], texts: Sequence[str]) -> Similarities:
    """Cosines of TF-IDF vectors of one-, two- and three-grams of words and symbols."""
    vectorizer = TfidfVectorizer(
        tokenizer=TOKENS.findall,
        token_pattern=None,
        ngram_range=(1, 3),
        max_features=200_000,
        sublinear_tf=True,
        lowercase=False,
        dtype=np.float32,
    )
    vectorizer.fit(training)
    vectors = vectorizer.transform(texts).tocsr()
    return np.asarray((vectors @ vectors.T).toarray(), dtype=np.float32)


def overlap(training: Sequence[str], texts: Sequence[str]) -> Similarities:
    """Jaccard similarity of the sets of words and symbols."""
    counter = CountVectorizer(
        tokenizer=TOKENS.findall, token_pattern=None, binary=True, lowercase=False, dtype=np.float32
    )
    sets = counter.fit_transform(texts).tocsr()
    shared = np.asarray((sets @ sets.T).toarray(), dtype=np.float32)
    sizes = np.asarray(sets.sum(axis=1), dtype=np.float32).ravel()
    union = sizes[:, None] + sizes[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


VECTOR_BASELINES: Mapping[str, VectorBaseline] = {
    "tfidf_cosine": VectorBaseline(tfidf, "TF-IDF of 1-3-grams, cosine"),
    "token_overlap": VectorBaseline(overlap, "token overlap"),
}
"""By name, in the order of the report."""


def evaluate_vector_baselines(corpus: Corpus, split: SplitName = SplitName.TEST) -> dict[str, dict[str, float]]:
    """Every metric of vectors of each baseline on `split`, by the baseline's name."""
    examples, groups = corpus.splits[split], corpus.labels(split)
    rows = np.arange(len(examples))
    if len(rows) > MOST_FUNCTIONS:
        share = MOST_FUNCTIONS / len(rows)
        rows = whole_groups(groups, (share, 1 - share), 0)[0]
    texts = [_text(corpus, examples[row].ids[0]) for row in rows.tolist()]
    names = [sample.ids[0] for half in (SplitName.LABELED, SplitName.UNLABELED) for sample in corpus.splits[half]]
    drawn = generator(0, "training functions").permutation(len(names))[:MOST_TRAINING]
    training = [_text(corpus, names[row]) for row in np.sort(drawn).tolist()]
    languages = [corpus.functions[examples[row].ids[0]].language for row in rows.tolist()]
    scores = {}
    for name, baseline in VECTOR_BASELINES.items():
        space = SimilaritySpace(baseline.similarities(training, texts), groups[rows], languages)
        scores[name] = {metric: VECTOR_METRICS.get(metric).score(space) for metric in VECTOR_METRICS}
    return scores


def _text(corpus: Corpus, name: str) -> str:
    return corpus.functions[name].code[:MAX_CHARACTERS]
