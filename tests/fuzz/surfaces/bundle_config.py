"""The config of a bundle with a correct manifest, for a student with graphs and for one of n-grams."""

import json
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from mutation import changed_bytes, changed_json, dumps, mutated, randoms
from surface import Harness, Surface

from surfaces._bundles import CONFIG, graph_bundle, ngram_bundle, signed, use


def make(folder: Path) -> Harness:
    """Each input is a kind of bundle and the content of its config.json."""
    folders = {"ngrams": ngram_bundle(folder / "ngrams"), "graphs": graph_bundle(folder / "graphs")}
    valid = {kind: (path / CONFIG).read_text() for kind, path in folders.items()}

    def one(random: Random) -> tuple[str, bytes]:
        kind = random.choice([*folders])
        content = dumps(mutated(json.loads(valid[kind]), random, changed_json))
        return kind, changed_bytes(content, random) if random.random() < 0.1 else content

    def run(value: tuple[str, bytes]) -> None:
        kind, content = value
        signed(folders[kind], {CONFIG: content})
        use(folders[kind])

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("config of a bundle", make, short=80)
