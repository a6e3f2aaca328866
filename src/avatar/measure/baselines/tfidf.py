"""The baseline tfidf: logistic regression on TF-IDF of words and symbols."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from avatar.data.cuts import best_cut
from avatar.data.records import Task
from avatar.measure.baselines.base import Baseline, BaselineTask, Predicted
from avatar.metrics import METRICS


def tfidf_vectorizer() -> TfidfVectorizer:
    """TF-IDF of one- and two-grams of words and symbols, for all uses of TF-IDF in this project."""
    return TfidfVectorizer(
        token_pattern=r"\w+|[^\w\s]",
        ngram_range=(1, 2),
        max_features=50_000,
        min_df=2,
        sublinear_tf=True,
        lowercase=False,
        dtype=np.float32,
    )


def predict(job: BaselineTask) -> Predicted:
    """Labels by the threshold that is best on valid, or by the regression's own if the metric needs none."""
    vectorizer = tfidf_vectorizer()
    vectorizer.fit(job.train_texts)
    vectors = vectorizer.transform(job.texts).tocsr()
    features = _of_pairs if job.train.shape[1] == 2 else _of_functions
    model = LogisticRegression(max_iter=300, C=_REGULARISATION[job.train.shape[1]], random_state=job.seed)
    model.fit(features(vectors, job.train), job.labels)
    test = features(vectors, job.test)
    chances = np.asarray(model.predict_proba(test)[:, 1], dtype=np.float64)
    if not METRICS.get(job.metric).tunes_threshold:
        return Predicted(np.asarray(model.predict(test), dtype=np.int64), chances)
    cut = best_cut(model.decision_function(features(vectors, job.valid)), job.valid_labels, job.metric).value
    return Predicted((model.decision_function(test) >= cut).astype(np.int64), chances)


_REGULARISATION = {1: 1.0, 2: 10.0}
"""C of the logistic regression by arity."""


def _of_functions(vectors: sparse.csr_matrix, members: NDArray[np.int64]) -> sparse.csr_matrix:
    return vectors[members[:, 0]]


def _of_pairs(vectors: sparse.csr_matrix, members: NDArray[np.int64]) -> sparse.csr_matrix:
    """Absolute difference, product, and cosine of both functions: symmetric in the pair."""
    first, second = vectors[members[:, 0]], vectors[members[:, 1]]
    product = first.multiply(second).tocsr()
    return sparse.hstack([abs(first - second), product, product.sum(axis=1)], format="csr")


TFIDF = Baseline(predict, tuple(Task), "TF-IDF (the student's examples)", truth_title="TF-IDF (all true labels)")
