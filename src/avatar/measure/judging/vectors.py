"""Students that answer a function with a vector: scores of the vectors, and a calibrated head for pairs."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.bundle.pair_head import PairHead, length_ratios
from avatar.common.seeding import generator
from avatar.data.batching import TokenTable
from avatar.data.inference import encode_functions
from avatar.data.overlaps import twin_mask
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import CodeTokenizer
from avatar.measure.judging.answers import tokenized
from avatar.measure.judging.base import Decided, Judged, TeacherOnTest
from avatar.measure.pair_calibration import fit_pair_head, labelled_pairs, natural_calibration_error
from avatar.measure.robustness import Example
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.nearest_clones import reciprocal_rank, rows_of
from avatar.metrics.ranking import auc
from avatar.metrics.vector_space import VectorSpace
from avatar.student.encoder import StudentModel

VALID, TEST = SplitName.VALID, SplitName.TEST
SHOWN = 0.01
"""Pairs of at least this probability count for the second calibration error: a person may look at them."""
LANGUAGE, BETWEEN = "test_language_", "test_between_"
"""Start of the names of scores on test within a language, and from one language to another."""
MOST_LANGUAGES = 4
"""The most frequent languages between which clones are searched, in both directions."""
FEWEST = 20
"""Fewest functions with a clone in a language for which a score of its own is given."""


@dataclass(frozen=True)
class PairDecision:
    """Two functions are clones if their probability by `head` is at least `threshold`."""

    head: PairHead
    threshold: float = 0.5
    temperature: float = 1.0


class VectorJudge:
    """Scores of vectors: MAP@R, MRR, AUC, and the calibration of the head."""

    def on_valid(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> Judged:
        """The mean of `metric` over the functions; those of one group are dependent."""
        space = space_of(model, tokens, corpus, VALID)
        of_each = VECTOR_METRICS.get(metric).of_each
        assert of_each is not None  # the check of dataset.metric allows no other
        parts = of_each(space)
        counted = np.isfinite(parts)
        mean = float(parts[counted].mean()) if counted.any() else 0.0
        influence = np.where(counted, (parts - mean) * (len(parts) / max(1, counted.sum())), 0.0)
        return Judged(mean, influence, space.groups[:, None])

    def fit(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> PairDecision:
        """The calibrated head, fitted on the pairs of valid."""
        return PairDecision(
            fit_pair_head(labelled_pairs(space_of(model, tokens, corpus, VALID), lengths(corpus, VALID)))
        )

    def restored(self, values: Mapping[str, Any]) -> PairDecision:
        """The head and its threshold."""
        return PairDecision(PairHead.from_dict(values["head"]), values["threshold"], values["temperature"])

    def measured(
        self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str, teacher: TeacherOnTest | None
    ) -> tuple[dict[str, float], PairDecision]:
        """Scores on test and valid, by language and between languages, without twins, and of the calibrated head."""
        test, valid = (space_of(model, tokens, corpus, split) for split in (TEST, VALID))
        values = {**scores(test, "test/"), **scores(valid, "valid/"), **_by_language(test)}
        without_twins = np.flatnonzero(~twin_mask(corpus, TEST)).astype(np.int64)
        if 0 < len(without_twins) < len(test.groups):
            values |= scores(test.among(without_twins), "test_without_twins/")
        if teacher is not None:
            values |= teacher.metrics.as_dict("teacher_test/")
        decision = PairDecision(fit_pair_head(labelled_pairs(valid, lengths(corpus, VALID))))
        pairs = labelled_pairs(test, lengths(corpus, TEST))
        answers = pairs.probabilities(decision.head)
        called = answers >= decision.threshold
        right, wrong = (float(pairs.weights[called & kind].sum()) for kind in (pairs.clones, ~pairs.clones))
        values |= {
            "calibration/ece": natural_calibration_error(answers, pairs.clones, pairs.weights),
            "calibration/ece_shown": natural_calibration_error(answers, pairs.clones, pairs.weights, SHOWN),
            "calibration/recall": right / float(pairs.weights[pairs.clones].sum()),
        }
        if called.any():
            values["calibration/precision"] = right / (right + wrong)
        return values, decision

    def examples(self, corpus: Corpus, split: SplitName, count: int, seed: int) -> list[Example]:
        """Texts of pairs of functions, every second one clones. 0 means as many as there are functions."""
        random = generator(seed, "rewritten pairs")
        groups, ids = corpus.labels(split), [example.ids[0] for example in corpus.splits[split]]
        wanted = count or len(ids)
        sizes = np.bincount(groups)
        anchors = random.permutation(np.flatnonzero(sizes[groups] > 1))
        if not len(anchors):
            return []
        pairs = []
        for number in range(wanted):
            first = int(anchors[(number // 2) % len(anchors)])
            same = groups == groups[first]
            same[first] = False
            others = np.flatnonzero(same if number % 2 else groups != groups[first])
            if len(others):
                pairs.append((first, int(random.choice(others))))
        return [tuple(corpus.functions[ids[row]].code for row in pair) for pair in pairs]

    def labels(
        self, model: StudentModel, tokenizer: CodeTokenizer, decision: Decided, examples: Sequence[Example]
    ) -> NDArray[np.int64]:
        """Whether the functions of each pair are clones, (pairs,). The languages are taken to be the same."""
        assert decision.head is not None
        table, members = tokenized(tokenizer, examples, model.arch.max_length)
        vectors = encode_functions(model, table, np.arange(len(table.lengths)))
        cosines = np.einsum("nw,nw->n", vectors[members[:, 0]], vectors[members[:, 1]])
        sizes = np.asarray([[len(text) for text in example] for example in examples])
        ratios = length_ratios(sizes[:, 0], sizes[:, 1])
        chances = decision.head.probability(cosines, ratios, np.zeros(len(ratios), dtype=np.bool_))
        return (chances >= decision.threshold).astype(np.int64)

    def chance(self, corpus: Corpus, metric: str) -> float:
        """The best score of five sets of random vectors."""
        groups, languages, random = corpus.labels(VALID), corpus.function_languages(VALID), np.random.default_rng(0)
        drawn = [VectorSpace(random.normal(size=(len(groups), 16)), groups, languages) for _ in range(5)]
        return max(VECTOR_METRICS.get(metric).score(space) for space in drawn)


def space_of(model: StudentModel, tokens: TokenTable, corpus: Corpus, split: SplitName) -> VectorSpace:
    """The student's vectors of the functions of `split`."""
    vectors = encode_functions(model, tokens, corpus.members(split)[:, 0])
    return VectorSpace(vectors, corpus.labels(split), corpus.function_languages(split))


def lengths(corpus: Corpus, split: SplitName) -> NDArray[np.int64]:
    """Number of characters of each function of `split`, (examples,)."""
    return np.asarray([len(corpus.functions[example.ids[0]].code) for example in corpus.splits[split]], dtype=np.int64)


def scores(space: VectorSpace, prefix: str) -> dict[str, float]:
    """Every metric of vectors by name, after `prefix`."""
    return {prefix + name: VECTOR_METRICS.get(name).score(space) for name in VECTOR_METRICS}


def _by_language(space: VectorSpace) -> dict[str, float]:
    """MAP@R within each language, and MRR and AUC from each frequent language to each other one."""
    values: dict[str, float] = {}
    counts = Counter(name for name in space.language_of.tolist() if name)
    if len(counts) < 2:
        return values
    within = VECTOR_METRICS.get("map_at_r")
    for name in counts:
        rows = rows_of(space, name)
        part = space.among(rows)
        if (np.bincount(part.groups)[part.groups] > 1).sum() >= FEWEST:
            values[f"{LANGUAGE}{plain_name(name)}/map_at_r"] = within.score(part)
    frequent = [name for name, _ in counts.most_common(MOST_LANGUAGES)]
    for first in frequent:
        for second in frequent:
            if first != second:
                values |= _between(space, first, second)
    return values


def plain_name(language: str) -> str:
    """The name of a language in the name of a metric: c++ is c_."""
    return re.sub(r"[^a-z0-9]+", "_", language.lower())


def _between(space: VectorSpace, first: str, second: str) -> dict[str, float]:
    """MRR and AUC of finding the clones in `second` of the functions in `first`."""
    queries, candidates = rows_of(space, first), rows_of(space, second)
    ranks = reciprocal_rank(space, queries, candidates)
    if np.isfinite(ranks).sum() < FEWEST:
        return {}
    kinds: dict[bool, list[NDArray[np.float32]]] = {True: [], False: []}
    for _, cosines, clones in space.compared(queries, candidates):
        kinds[True].append(cosines[clones])
        kinds[False].append(cosines[~clones])
    name = f"{BETWEEN}{plain_name(first)}_{plain_name(second)}"
    return {
        f"{name}/mrr": float(np.nanmean(ranks)),
        f"{name}/auc": auc(np.concatenate(kinds[True]), np.concatenate(kinds[False])),
    }
