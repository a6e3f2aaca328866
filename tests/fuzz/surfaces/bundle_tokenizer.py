"""The tokenizer of a bundle with a correct manifest: those of the library, of every kind, and that of n-grams."""

import json
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from mutation import changed_bytes, changed_json, dumps, mutated, randoms
from surface import Harness, Surface

from avatar.data.tokenizers import TOKENIZERS, train_tokenizer
from students import TEXTS
from surfaces._bundles import TOKENIZER, graph_bundle, ngram_bundle, signed, use

VOCABULARY = 400
NGRAM_STUDENT = "n-gram student"
"""The tokenizer of a student without graphs."""
PARTS = (
    ("normalizer", {"type": "Replace", "pattern": {"Regex": ""}, "content": "xxxxxxxx"}),
    ("normalizer", {"type": "Replace", "pattern": {"Regex": "(a|aa)+$"}, "content": ""}),
    ("normalizer", {"type": "Prepend", "prepend": "y" * 5_000}),
    ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    ("normalizer", {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "z"}] * 500}),
    ("normalizer", {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated", "invert": False}),
    ("pre_tokenizer", {"type": "Metaspace", "replacement": "ab", "prepend_scheme": "always", "split": True}),
    ("pre_tokenizer", {"type": "Digits", "individual_digits": True}),
    ("post_processor", {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}),
    ("post_processor", {"type": "RobertaProcessing", "sep": ["</s>", 2**31], "cls": ["<s>", 7], "trim_offsets": 1}),
    ("decoder", {"type": "Replace", "pattern": {"Regex": "("}, "content": ""}),
    ("decoder", {"type": "ByteFallback"}),
    ("truncation", {"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 5}),
    ("padding", {"strategy": {"Fixed": 10**9}, "direction": "Left", "pad_to_multiple_of": 0, "pad_id": 0}),
    ("added_tokens", [{"id": 10**9, "content": "", "single_word": True, "lstrip": True, "rstrip": True}]),
)
"""Valid or hostile parts of a tokenizer that ours do not have."""


def make(folder: Path) -> Harness:
    """Each input is a kind of tokenizer and the content of its file."""
    graphs, ngrams = graph_bundle(folder / "graphs"), ngram_bundle(folder / "ngrams")
    valid = {kind: train_tokenizer(kind, VOCABULARY, TEXTS[:20]).to_str() for kind in TOKENIZERS}
    valid[NGRAM_STUDENT] = (ngrams / TOKENIZER).read_text()

    def one(random: Random) -> tuple[str, bytes]:
        kind = random.choice([*valid])
        tree = json.loads(valid[kind])
        if random.random() < 0.3 and kind != NGRAM_STUDENT:
            tree |= [random.choice(PARTS)]
        content = dumps(mutated(tree, random, changed_json))
        return kind, changed_bytes(content, random) if random.random() < 0.1 else content

    def run(value: tuple[str, bytes]) -> None:
        kind, content = value
        bundle = ngrams if kind == NGRAM_STUDENT else graphs
        signed(bundle, {TOKENIZER: content})
        use(bundle)

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("tokenizer of a bundle", make, short=80)
