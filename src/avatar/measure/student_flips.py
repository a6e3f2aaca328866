"""Prediction flips of a student: how many answers change when examples are rewritten."""

import dataclasses
from collections.abc import Sequence
from functools import partial

from avatar.code.languages import LANGUAGES
from avatar.code.rewrite import harvest_names, rewrites
from avatar.common.seeding import derive_seed
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import CodeTokenizer
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
    tokenizer: CodeTokenizer,
    decision: Decided,
    corpus: Corpus,
    split: SplitName,
    count: int,
    languages: Sequence[str],
    seed: int,
    kinds: Sequence[str] = tuple(METRICS),
) -> dict[str, FlipCount]:
    """By kind of rewrite: flips on `count` random examples of `split`, or on all if it is 0.

    For students that answer with a vector, the examples are pairs, and a flip is another answer to whether they are
    clones. Of each of `languages`, about equally many examples are used; a function of unknown language is in all.
    """
    judge = JUDGES[corpus.task]
    predict = partial(judge.labels, model, tokenizer, decision)
    counts = dict.fromkeys(kinds, FlipCount(0, 0, 0))
    for number, language in enumerate(languages):
        wanted = (count + number) // len(languages)
        if count and not wanted:
            continue
        examples = judge.examples(_only(corpus, language), split, wanted, seed)
        names = harvest_names(dict.fromkeys(text for example in examples for text in example), language)
        known = rewrites(language, names)
        flips = flip_rates(predict, examples, {kind: known[kind] for kind in kinds}, derive_seed(seed, "robustness"))
        counts = {kind: counts[kind] + flips[kind] for kind in kinds}
    return counts


def rewritten_languages(corpus: Corpus, split: SplitName, language: str | None) -> list[str]:
    """The languages in which examples of `split` can be rewritten: those of its functions, or `language`."""
    present = {name or language or "" for name in corpus.function_languages(split)}
    return sorted(present & {*LANGUAGES.names()})


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
