"""What describes a data set: its size, its balance, its words, and how well cheap baselines do on it."""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.data.records import Corpus, Example, SplitName, Task
from avatar.measure.baselines import evaluate_baselines

WORDS = re.compile(r"\w+|[^\w\s]")
MOST_EXAMPLES = 1000
"""Of more examples of a split, a random part is used for the baselines."""
MOST_FUNCTIONS = 2000
"""Of more functions, a random part is used for the words."""


@dataclass(frozen=True)
class Descriptors:
    """A data set in numbers. The scores are those on valid, by the metric that compares students.

    `functions` and `examples` count those of the training; `positive_share` is the share of label 1 among the
    examples. `median_words` is of a function. `vocabulary_growth` is the exponent by which the number of different
    words grows with the number of functions (Heaps' law). Functions have no `overlap`; it is then the constant's score.
    """

    arity: int
    functions: int
    examples: int
    positive_share: float
    median_words: float
    vocabulary_growth: float
    constant: float
    overlap: float
    tfidf: float

    def as_vector(self) -> NDArray[np.float64]:
        """The numbers (9,) on scales on which a step means about the same everywhere: counts as logarithms."""
        arity, functions, examples, positive, words, growth, *scores = astuple(self)
        logs = np.log([functions, examples, max(words, 1.0)])
        return np.asarray([arity, *logs, positive, growth, *scores], dtype=np.float64)


def describable(task: Task) -> bool:
    """Whether `describe` knows the task. Groups of clones have no baselines of this kind."""
    return not task.grouped


def describe(corpus: Corpus, metric: str = "accuracy", seed: int = 0) -> Descriptors:
    """The descriptors of a data set with labelled examples. It takes a few seconds at most."""
    if not describable(corpus.task):
        raise ValueError("groups of clones have no descriptors")
    halves = (SplitName.LABELED, SplitName.UNLABELED)
    members = np.concatenate([corpus.members(split) for split in halves])
    labels = np.concatenate([corpus.labels(split) for split in halves])
    rows = np.unique(members)
    kept = _part(len(labels), MOST_EXAMPLES, seed, "training")
    small = replace(corpus, splits={**corpus.splits, SplitName.VALID: _reduced(corpus, seed)})
    scores = {
        name: float(getattr(score, metric))
        for name, score in evaluate_baselines(small, members[kept], labels[kept], seed, SplitName.VALID, metric).items()
    }
    words, growth = _words(corpus, rows, seed)
    return Descriptors(
        corpus.task.arity,
        len(rows),
        len(labels),
        float(np.mean(labels == 1)),
        words,
        growth,
        scores["constant"],
        scores.get("overlap", scores["constant"]),
        scores["tfidf"],
    )


def _part(count: int, most: int, seed: int, name: str) -> NDArray[np.int64]:
    order = generator(seed, "described", name).permutation(count)
    return np.sort(order[:most])


def _reduced(corpus: Corpus, seed: int) -> Sequence[Example]:
    valid = corpus.splits[SplitName.VALID]
    return [valid[row] for row in _part(len(valid), MOST_EXAMPLES, seed, "valid").tolist()]


def _words(corpus: Corpus, rows: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Median words of a function, and the growth of the vocabulary from half of the functions to all."""
    functions = list(corpus.functions.values())
    chosen = generator(seed, "described", "words").permutation(rows)[:MOST_FUNCTIONS]
    texts = [WORDS.findall(functions[row].code) for row in chosen.tolist()]
    half = {word for text in texts[: (len(texts) + 1) // 2] for word in text}
    everything = half.union(*texts[(len(texts) + 1) // 2 :])
    growth = float(np.log2(len(everything) / len(half))) if half else 0.0
    return float(np.median([len(text) for text in texts])), growth
