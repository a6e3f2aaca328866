"""The baseline overlap: the share of common words."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from avatar.data.cuts import best_cut
from avatar.data.records import Task
from avatar.measure.baselines.base import Baseline, BaselineTask, Predicted


def predict(job: BaselineTask) -> Predicted:
    """Label 1 where the Jaccard similarity of the two token sets reaches the threshold that is best on train."""
    counter = CountVectorizer(token_pattern=r"\w+", binary=True, lowercase=False, dtype=np.int32)
    tokens = counter.fit(job.texts).transform(job.texts).tocsr()
    train, test = _jaccard(tokens, job.train), _jaccard(tokens, job.test)
    return Predicted((test >= best_cut(train, job.labels, job.metric).value).astype(np.int64))


def _jaccard(tokens: sparse.csr_matrix, members: NDArray[np.int64]) -> NDArray[np.float64]:
    first, second = tokens[members[:, 0]], tokens[members[:, 1]]
    common = np.asarray(first.multiply(second).sum(axis=1)).ravel()
    either = np.asarray(first.sum(axis=1)).ravel() + np.asarray(second.sum(axis=1)).ravel() - common
    return np.asarray(common / np.maximum(either, 1), dtype=np.float64)


OVERLAP = Baseline(predict, (Task.PAIR,), "token overlap")
