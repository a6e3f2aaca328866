"""Prediction flips of a student: how many answers change when examples are rewritten."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.code.rewrite import harvest_names, rewrites
from avatar.common.seeding import derive_seed, generator
from avatar.data.batching import TokenTable
from avatar.data.inference import predict_logits
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts
from avatar.measure.decision import Decision
from avatar.measure.robustness import Example, FlipCount, flip_rates
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
    decision: Decision,
    corpus: Corpus,
    split: SplitName,
    count: int,
    language: str,
    seed: int,
    kinds: Sequence[str] = tuple(METRICS),
) -> dict[str, FlipCount]:
    """By kind of rewrite: flips on `count` random examples of `split`, or on all if it is 0."""
    examples = _some(corpus, split, count, seed)
    names = harvest_names(dict.fromkeys(text for example in examples for text in example), language)
    known = rewrites(language, names)
    predict = partial(_labels, model, tokenizer, decision)
    return flip_rates(predict, examples, {kind: known[kind] for kind in kinds}, derive_seed(seed, "robustness"))


def _some(corpus: Corpus, split: SplitName, count: int, seed: int) -> list[Example]:
    functions = list(corpus.functions.values())
    members = corpus.members(split)
    rows = generator(seed, "rewritten examples").permutation(len(members))[: count or None]
    return [tuple(functions[member].code for member in members[row]) for row in rows]


def _labels(
    model: StudentModel, tokenizer: Tokenizer, decision: Decision, examples: Sequence[Example]
) -> NDArray[np.int64]:
    """Predicted labels (examples,); each distinct text is tokenized once."""
    index = {text: row for row, text in enumerate(dict.fromkeys(text for one in examples for text in one))}
    rows = encode_texts(tokenizer, list(index), model.arch.max_length)
    members = np.asarray([[index[text] for text in example] for example in examples], dtype=np.int64)
    return decision.labels(predict_logits(model, TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID), members))
