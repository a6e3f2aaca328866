"""What any student must beat: predictors that cost nothing, trained on the rows that the student saw."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from avatar.common.registry import Registry
from avatar.data.cuts import best_cut
from avatar.data.records import Corpus, SplitName, Task
from avatar.measure.metrics import Metrics, classification

Labels = NDArray[np.int64]

MAX_CHARACTERS = 20_000
"""Longer functions are cut for the baselines."""


@dataclass(frozen=True)
class Job:
    """What a baseline is given: the texts of all functions, and examples as rows of them.

    `train`, `valid` and `test` (examples, arity) are rows of `texts`; `labels` are those of `train`. Thresholds that
    suit `metric` are found on valid with its `valid_labels`.
    """

    texts: list[str]
    train: NDArray[np.int64]
    labels: Labels
    test: NDArray[np.int64]
    seed: int
    valid: NDArray[np.int64]
    valid_labels: Labels
    metric: str = "accuracy"

    @property
    def train_texts(self) -> list[str]:
        """Each function of the training examples once: vocabularies and frequencies come from these."""
        return [self.texts[row] for row in np.unique(self.train)]


@dataclass(frozen=True)
class Baseline:
    """A predictor of test labels, the tasks that it knows, and what the report says about it."""

    predict: Callable[[Job], Labels]
    tasks: tuple[Task, ...]
    title: str


BASELINES: Registry[Baseline] = Registry("baseline")


def _constant(job: Job) -> Labels:
    """The more frequent training label; on a tie 1, and always 1 where F1 counts."""
    return np.full(len(job.test), int(job.labels.mean() >= 0.5 or job.metric == "f1"), dtype=np.int64)


def tfidf_vectorizer() -> TfidfVectorizer:
    """One- and two-grams of words and signs, as every TF-IDF here reads code."""
    return TfidfVectorizer(
        token_pattern=r"\w+|[^\w\s]",
        ngram_range=(1, 2),
        max_features=50_000,
        min_df=2,
        sublinear_tf=True,
        lowercase=False,
        dtype=np.float32,
    )


def _tfidf(job: Job) -> Labels:
    vectorizer = tfidf_vectorizer()
    vectorizer.fit(job.train_texts)
    vectors = vectorizer.transform(job.texts).tocsr()
    features = _of_pairs if job.train.shape[1] == 2 else _of_functions
    model = LogisticRegression(max_iter=300, C=_REGULARISATION[job.train.shape[1]], random_state=job.seed)
    model.fit(features(vectors, job.train), job.labels)
    if job.metric == "accuracy":
        return np.asarray(model.predict(features(vectors, job.test)), dtype=np.int64)
    cut = best_cut(model.decision_function(features(vectors, job.valid)), job.valid_labels, job.metric).value
    return (model.decision_function(features(vectors, job.test)) >= cut).astype(np.int64)


_REGULARISATION = {1: 1.0, 2: 10.0}
"""C of the logistic regression by arity."""


def _of_functions(vectors: sparse.csr_matrix, members: NDArray[np.int64]) -> sparse.csr_matrix:
    return vectors[members[:, 0]]


def _of_pairs(vectors: sparse.csr_matrix, members: NDArray[np.int64]) -> sparse.csr_matrix:
    """Absolute difference, product, and cosine of both sides: symmetric in the pair."""
    first, second = vectors[members[:, 0]], vectors[members[:, 1]]
    product = first.multiply(second).tocsr()
    return sparse.hstack([abs(first - second), product, product.sum(axis=1)], format="csr")


def _overlap(job: Job) -> Labels:
    """Jaccard similarity of the two token sets, against the cut that is best on the training pairs."""
    counter = CountVectorizer(token_pattern=r"\w+", binary=True, lowercase=False, dtype=np.int32)
    tokens = counter.fit(job.texts).transform(job.texts).tocsr()
    train, test = _jaccard(tokens, job.train), _jaccard(tokens, job.test)
    return (test >= best_cut(train, job.labels, job.metric).value).astype(np.int64)


def _jaccard(tokens: sparse.csr_matrix, members: NDArray[np.int64]) -> NDArray[np.float64]:
    first, second = tokens[members[:, 0]], tokens[members[:, 1]]
    common = np.asarray(first.multiply(second).sum(axis=1)).ravel()
    either = np.asarray(first.sum(axis=1)).ravel() + np.asarray(second.sum(axis=1)).ravel() - common
    return np.asarray(common / np.maximum(either, 1), dtype=np.float64)


BASELINES.register("constant")(Baseline(_constant, tuple(Task), "Constant (most frequent label)"))
BASELINES.register("tfidf")(Baseline(_tfidf, tuple(Task), "TF-IDF + logistic regression"))
BASELINES.register("overlap")(Baseline(_overlap, (Task.PAIR,), "Token overlap (Jaccard)"))


def evaluate_baselines(
    corpus: Corpus,
    train: NDArray[np.int64],
    labels: Labels,
    seed: int,
    split: SplitName = SplitName.TEST,
    metric: str = "accuracy",
) -> dict[str, Metrics]:
    """Train every baseline that knows the corpus's task, and score it on `split` against the true labels.

    `train` (examples, arity) holds rows of `corpus.functions`, and `labels` (examples,) what the student was
    told about them, the teacher's labels or the true ones: the caller states in the report which.
    Labels of one kind only leave nothing to learn: then every baseline is the constant. For a `metric` other than
    accuracy, TF-IDF's threshold is found on valid.
    """
    test = corpus.members(split)
    tune = SplitName.VALID if metric != "accuracy" else split
    valid = corpus.members(tune)[: None if metric != "accuracy" else 0]
    used = np.unique(np.concatenate([train.ravel(), test.ravel(), valid.ravel()]))
    functions = list(corpus.functions.values())
    texts = [functions[row].code[:MAX_CHARACTERS] for row in used]
    rows = [np.searchsorted(used, members) for members in (train, test, valid)]
    job = Job(texts, rows[0], labels, rows[1], seed, rows[2], corpus.labels(tune)[: len(valid)], metric)
    truth = corpus.labels(split)
    known = {name: BASELINES.get(name) for name in BASELINES}
    learnable = len(np.unique(labels)) > 1
    return {
        name: classification(truth, baseline.predict(job) if learnable else _constant(job))
        for name, baseline in known.items()
        if corpus.task in baseline.tasks
    }
