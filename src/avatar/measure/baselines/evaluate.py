"""Trains and scores the baselines."""

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Corpus, SplitName
from avatar.measure.baselines import constant
from avatar.measure.baselines.base import Baseline, BaselineTask, Labels, Predicted
from avatar.measure.baselines.constant import CONSTANT
from avatar.measure.baselines.overlap import OVERLAP
from avatar.measure.baselines.tfidf import TFIDF
from avatar.measure.metrics import Metrics, classification, scored
from avatar.metrics import METRICS

MAX_CHARACTERS = 20_000
"""Longer functions are cut to this length for the baselines."""
TRUTH = "_truth"

BASELINES: dict[str, Baseline] = {
    "tfidf": TFIDF,
    "overlap": OVERLAP,
    "constant": CONSTANT,
}
"""By name, in the order of the report."""


def evaluate_baselines(
    corpus: Corpus,
    train: NDArray[np.int64],
    labels: Labels,
    seed: int,
    split: SplitName = SplitName.TEST,
    metric: str = "accuracy",
    truth: bool = False,
) -> dict[str, Metrics]:
    """Train every baseline for the corpus's task, and score it on `split` against the true labels.

    `train` (examples, arity) has indices into `corpus.functions`, and `labels` (examples,) the student's training
    labels, from the teacher or true ones; the caller states in the report which. If all labels are equal, every
    baseline is the constant. If `metric` needs a threshold, it is chosen on valid. With `truth`, `labels` are true
    labels of all training examples: only baselines with a `truth_title` are trained, and their names end with `TRUTH`.
    """
    tunes = METRICS.get(metric).tunes_threshold
    test = corpus.members(split)
    tune = SplitName.VALID if tunes else split
    valid = corpus.members(tune)[: None if tunes else 0]
    used = np.unique(np.concatenate([train.ravel(), test.ravel(), valid.ravel()]))
    functions = list(corpus.functions.values())
    texts = [functions[row].code[:MAX_CHARACTERS] for row in used]
    rows = [np.searchsorted(used, members) for members in (train, test, valid)]
    job = BaselineTask(texts, rows[0], labels, rows[1], seed, rows[2], corpus.labels(tune)[: len(valid)], metric)
    expected = corpus.labels(split)
    learnable = len(np.unique(labels)) > 1
    return {
        name + (TRUTH if truth else ""): _metrics(
            expected, baseline.predict(job) if learnable else constant.predict(job), corpus.fix_rows(split)
        )
        for name, baseline in BASELINES.items()
        if corpus.task in baseline.tasks and (baseline.truth_title or not truth)
    }


def _metrics(expected: Labels, predicted: Predicted, fixes: tuple[Labels, Labels] | None) -> Metrics:
    if predicted.probabilities is None:
        return classification(expected, predicted.labels)
    return scored(expected, predicted.labels, predicted.probabilities, fixes)


def titles() -> dict[str, str]:
    """Names in the report by the names that `evaluate_baselines` gives, in the report's order."""
    names = {}
    for name, baseline in BASELINES.items():
        names[name] = baseline.title
        if baseline.truth_title:
            names[name + TRUTH] = baseline.truth_title
    return names
