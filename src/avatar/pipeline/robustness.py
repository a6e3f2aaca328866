"""Prediction flips of students under rewrites of their examples, in whatever language they are written."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.code.languages import LANGUAGES
from avatar.code.rewrite import harvest_names, rewrites
from avatar.common.errors import ConfigError
from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed, generator
from avatar.config.schema import Config
from avatar.data.batching import TokenTable
from avatar.data.inference import predict_logits
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.robustness import Example, flip_rates
from avatar.pipeline.stage_07_student import Student
from avatar.student.encoder import StudentModel

log = get_logger("measure")

CANDIDATE_EXAMPLES = 500
"""Valid examples on which a candidate's flips are measured, where the search asks for them."""

METRICS = {
    "rename": "robustness/flip_rate",
    "reformat": "robustness/flip_rate_reformat",
    "dead_code": "robustness/flip_rate_dead_code",
}
TITLES = {
    "rename": "renaming variables",
    "reformat": "another layout",
    "dead_code": "dead code",
}


def measure_robustness(
    cfg: Config, corpus: Corpus, student: Student, decision: Decision
) -> tuple[dict[str, float], list[str]]:
    """Flip rates by MLflow name, and sentences about them; only a sentence where the language is not known."""
    language = cfg.dataset.language
    if language is None:
        note = (
            f"Robustness was not measured: nothing says which language dataset={cfg.dataset.name} is written in "
            "(dataset.language)."
        )
        log.info(note)
        return {}, [note]
    examples = _some(cfg, corpus, SplitName.TEST, cfg.measure.robustness_examples)
    names = harvest_names(dict.fromkeys(text for example in examples for text in example), language)
    predict = partial(_labels, student.model, student.tokenizer, decision)
    flips = flip_rates(predict, examples, rewrites(language, names), derive_seed(cfg.seed, "robustness"))
    notes = [
        f"Of test examples rewritten as {language}: "
        + "; ".join(found.sentence(TITLES[name]) for name, found in flips.items())
        + "."
    ]
    for note in notes:
        log.info(note)
    return {METRICS[name]: found.rate for name, found in flips.items()}, notes


def known_language(cfg: Config) -> str:
    """The language of the functions; where nothing tells it, a ConfigError."""
    language = cfg.dataset.language
    if language is None:
        raise ConfigError(
            "the objective 'flips' needs the programming language of the functions",
            f"set dataset.language ({', '.join(LANGUAGES)}), or leave flips out of search.objectives",
        )
    return language


def candidate_flips(
    cfg: Config, corpus: Corpus, model: StudentModel, tokenizer: Tokenizer, tokens: TokenTable
) -> float:
    """Share of valid examples (0 to 1; at most `CANDIDATE_EXAMPLES`) whose prediction flips under renaming."""
    language = known_language(cfg)
    examples = _some(cfg, corpus, SplitName.VALID, CANDIDATE_EXAMPLES)
    names = harvest_names(dict.fromkeys(text for example in examples for text in example), language)
    rename = {"rename": rewrites(language, names)["rename"]}
    logits = predict_logits(model, tokens.truncated(model.arch.max_length), corpus.members(SplitName.VALID))
    decision = fit_decision(logits, corpus.labels(SplitName.VALID), cfg.dataset.metric)
    predict = partial(_labels, model, tokenizer, decision)
    found = flip_rates(predict, examples, rename, derive_seed(cfg.seed, "robustness"))
    return found["rename"].rate


def _some(cfg: Config, corpus: Corpus, split: SplitName, count: int) -> list[Example]:
    """`count` examples of a split drawn at random, all where it is 0."""
    functions = list(corpus.functions.values())
    members = corpus.members(split)
    rows = generator(cfg.seed, "rewritten examples").permutation(len(members))[: count or None]
    return [tuple(functions[row].code for row in members[place]) for place in rows]


def _labels(
    model: StudentModel, tokenizer: Tokenizer, decision: Decision, examples: Sequence[Example]
) -> NDArray[np.int64]:
    """Predicted labels; every distinct text is encoded once."""
    places = {text: place for place, text in enumerate(dict.fromkeys(text for one in examples for text in one))}
    rows = encode_texts(tokenizer, list(places), model.arch.max_length)
    members = np.asarray([[places[text] for text in example] for example in examples], dtype=np.int64)
    return decision.labels(predict_logits(model, TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID), members))
