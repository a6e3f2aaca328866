"""Prediction flips of a student: how many answers change when examples are rewritten."""

import dataclasses
from collections.abc import Sequence
from functools import partial

from tokenizers import Tokenizer

from avatar.code.rewrite import harvest_names, rewrites
from avatar.common.seeding import derive_seed
from avatar.data.records import Corpus, SplitName
from avatar.measure.judging import JUDGES, Decided
from avatar.measure.robustness import FlipCount, flip_rates
from avatar.student.encoder import StudentModel

METRICS = {
    "rename": "robustness/flip_rate",
    "reformat": "robustness/flip_rate_reformat",
    "dead_code": "robustness/flip_rate_dead_code",
}
TITLES = {
    "rename": "renaming variables",
    "reformat": "changing the layout",
    "dead_code": "adding dead code",
}


def student_flips(
    model: StudentModel,
    tokenizer: Tokenizer,
    decision: Decided,
    corpus: Corpus,
    split: SplitName,
    count: int,
    language: str,
    seed: int,
    kinds: Sequence[str] = tuple(METRICS),
) -> dict[str, FlipCount]:
    """By kind of rewrite: flips on `count` random examples of `split`, or on all if it is 0.

    For students that answer with a vector, the examples are pairs, and a flip is another answer to whether they are
    clones. Only examples whose functions are in `language`, or whose language is not known, are used.
    """
    judge = JUDGES[corpus.task]
    examples = judge.examples(_only(corpus, language), split, count, seed)
    names = harvest_names(dict.fromkeys(text for example in examples for text in example), language)
    known = rewrites(language, names)
    predict = partial(judge.labels, model, tokenizer, decision)
    return flip_rates(predict, examples, {kind: known[kind] for kind in kinds}, derive_seed(seed, "robustness"))


def _only(corpus: Corpus, language: str) -> Corpus:
    """`corpus` without the examples that have a function in another known language."""
    if all(function.language in ("", language) for function in corpus.functions.values()):
        return corpus
    splits = {
        split: [
            example
            for example in examples
            if all(corpus.functions[name].language in ("", language) for name in example.ids)
        ]
        for split, examples in corpus.splits.items()
    }
    return dataclasses.replace(corpus, splits=splits)
