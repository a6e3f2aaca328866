"""Small bundles whose files are changed and then listed in the manifest again: correctly signed, but hostile."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from avatar.bundle import CONFIG, MANIFEST, TOKENIZER, BundleConfig, PairHead, write_config, write_manifest
from avatar.bundle.ngram_weights import write_ngram_weights
from avatar.code.ngrams import KINDS
from avatar.code.text import TextRules
from avatar.common.hashing import file_digest
from avatar.serve.ngram_reader import ReaderConfig
from avatar.serve.predictor import Predictor

CODES = ("def f(a):\n    return a + 1\n", "def g(values):\n    return [one for one in values if one]\n", "é\n")


def ngram_bundle(folder: Path) -> Path:
    """A bundle of a tiny n-gram student."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    tags = np.sort(rng.choice(2**32 - 1, 64, replace=False).astype(np.uint32))
    tags = np.concatenate([tags[::2], tags[1::2]])
    meaning, structure = rng.normal(size=(72, 20)).astype("f4"), rng.normal(size=(32, 10)).astype("f4")
    write_ngram_weights(folder / "ngrams.safetensors", tags, meaning, structure)
    (folder / TOKENIZER).write_text(ReaderConfig(kinds=KINDS).text())
    (folder / "README.md").write_text("# A tiny student\n")
    facts = {"kind": "ngrams", "features": 64, "buckets": 8, "width": 20, "structure_width": 10, "structure_share": 0.1}
    facts |= {"sketch_kinds": ["t3", "r4"], "sketch_bits": 48}
    head = PairHead((0.0, 0.5), (4.0, 20.0), -9.0, -0.5, -1.0, 1e-4, (0.0, 0.8), (0.0, 12.0))
    config = BundleConfig(
        task="embedding",
        max_length=1000,
        labels=("different", "clone"),
        languages=("java", "python"),
        text=TextRules("removed"),
        architecture=facts,
        reads_a_set=True,
        symmetric=True,
        pair_head=head,
        sketch_head=replace(head, overlap_knots=(0.0, 0.8), overlap_slopes=(1.0, 2.0, 0.0, 3.0)),
    )
    write_config(folder, config)
    write_manifest(folder)
    return folder


def graph_bundle(folder: Path) -> Path:
    """A bundle of a tiny student for pairs, with graphs. It is exported by torch, which takes two seconds to import."""
    from avatar.data.records import Task
    from students import tiny_bundle

    return tiny_bundle(folder, Task.PAIR, head="interaction").folder


def signed(folder: Path, changes: Mapping[str, bytes]) -> None:
    """Write `changes` into a bundle, and their digests into its manifest."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name, content in changes.items():
        (folder / name).write_bytes(content)
        manifest["files"][name] = {"sha256": file_digest(folder / name), "bytes": len(content)}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def use(folder: Path) -> None:
    """Load a student and ask it. What it says must be a probability."""
    predictor = Predictor(folder)
    side = CODES[: predictor.config.arity]
    answers = predictor.answer([side, side[::-1]], [None] * len(side))
    assert answers.probabilities.shape == (2, 2)
    assert ((answers.probabilities >= 0) & (answers.probabilities <= 1)).all(), answers.probabilities
    assert all(math.isfinite(value) for value in predictor.encode([CODES[2]])[0])
    assert all(predictor.pieces(row) is not None for one in answers.tokens for row in one)
    json.dumps([predictor.label(answers.probabilities), predictor.config.as_dict()], allow_nan=False)


__all__ = ["CODES", "CONFIG", "TOKENIZER", "graph_bundle", "ngram_bundle", "signed", "use"]
