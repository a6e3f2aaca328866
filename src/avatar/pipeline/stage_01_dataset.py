"""Stage 1: read the data set, split it, count overlaps."""

import hashlib
import json
from pathlib import Path
from typing import Any

from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.data.load import load_corpus
from avatar.data.overlaps import count_overlaps
from avatar.data.records import Corpus
from avatar.pipeline.artifacts import plain
from avatar.pipeline.context import Context, Data

log = get_logger("dataset")


def run(context: Context) -> Data:
    """Read the corpus that the config names. It is read afresh each time, so a changed file is noticed."""
    cfg = context.cfg
    corpus = load_corpus(cfg.dataset, cfg.seed)
    key = fingerprint(corpus)
    overlaps = count_overlaps(corpus)
    sizes = {split.value: len(examples) for split, examples in corpus.splits.items()}
    log.info(
        "data: %s, %d functions, %s",
        corpus.name,
        len(corpus.functions),
        ", ".join(f"{count} {name}" for name, count in sizes.items()),
    )
    for sentence in (*corpus.notes, *overlaps.sentences()):
        log.info("data: %s", sentence)

    def build(folder: Path) -> dict[str, Any]:
        summary = {"functions": len(corpus.functions), "examples": sizes, "overlaps": plain(overlaps)}
        write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
        return summary

    context.store.make("dataset", {"data": key}, build)
    return Data(corpus, overlaps, key)


def fingerprint(corpus: Corpus) -> str:
    """Digest of every function, example and split."""
    digest = hashlib.sha256(f"{corpus.task}:{corpus.num_labels}".encode())
    for function in corpus.functions.values():
        digest.update(f"\x00{function.id}\x00{function.code}".encode("utf-8", "surrogatepass"))
    for split in sorted(corpus.splits):
        digest.update(f"\x01{split}".encode())
        digest.update(corpus.members(split).tobytes())
        digest.update(corpus.labels(split).tobytes())
    return digest.hexdigest()[:16]
