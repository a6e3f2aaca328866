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


def make(folder: Path) -> Harness:
    """Each input is a kind of tokenizer and the content of its file."""
    graphs, ngrams = graph_bundle(folder / "graphs"), ngram_bundle(folder / "ngrams")
    valid = {kind: train_tokenizer(kind, VOCABULARY, TEXTS[:20]).to_str() for kind in TOKENIZERS}
    valid["ngrams"] = (ngrams / TOKENIZER).read_text()

    def one(random: Random) -> tuple[str, bytes]:
        kind = random.choice([*valid])
        content = dumps(mutated(json.loads(valid[kind]), random, changed_json))
        return kind, changed_bytes(content, random) if random.random() < 0.1 else content

    def run(value: tuple[str, bytes]) -> None:
        kind, content = value
        bundle = ngrams if kind == "ngrams" else graphs
        signed(bundle, {TOKENIZER: content})
        use(bundle)

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("tokenizer of a bundle", make, short=80)
