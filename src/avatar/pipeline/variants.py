"""Rewritten copies of the training functions: what a function does is neither in its names nor in its layout."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import LANGUAGES
from avatar.code.rewrite import REWRITES, harvest_names, rewrites
from avatar.common.errors import ConfigError
from avatar.common.files import write_text
from avatar.common.logging import get_logger, progress
from avatar.common.seeding import derive_seed
from avatar.config.schema import DistillConfig
from avatar.data.records import SplitName
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data

log = get_logger("variants")
TEXTS = "texts.jsonl"


def rewritten_copies(context: Context, data: Data, copies: int) -> Artifact | None:
    """The artifact with that many copies of each function that a student learns from; None where it is 0.

    To each copy all of `distill.rewrites` are done. New names are drawn from those of the training functions, as often
    as they have them. A function that the grammar does not read stays as it is. Without a known language this is a
    ConfigError.
    """
    cfg = context.cfg
    if not copies:
        return None
    language = cfg.dataset.language
    if language is None:
        raise ConfigError(
            f"distill.copies={copies} needs the programming language of the functions",
            f"set dataset.language ({', '.join(LANGUAGES)}), or distill.copies=0",
        )
    texts = [function.code for function in data.corpus.functions.values()]
    splits = learned_splits(cfg.distill)
    rows = function_rows(data, splits)
    kinds = [kind for kind in REWRITES if kind in cfg.distill.rewrites]

    def build(folder: Path) -> dict[str, Any]:
        known = rewrites(language, harvest_names((texts[row] for row in training_rows(data)), language))
        lines, changed = [], 0
        for row in progress(rows.tolist(), "rewriting functions", len(rows)):
            made = [
                _rewritten(texts[row], [known[kind] for kind in kinds], derive_seed(cfg.seed, "copy", row, copy))
                for copy in range(copies)
            ]
            changed += made[0] != texts[row]
            lines.append(json.dumps([row, made]))
        write_text(folder / TEXTS, "\n".join(lines) + "\n")
        return {"functions": len(rows), "changed": changed, "copies": copies, "language": language}

    reads = {
        "data": data.key,
        "copies": copies,
        "language": language,
        "seed": cfg.seed,
        "splits": splits,
        "rewrites": kinds,
    }
    artifact = context.store.make("variants", reads, build)
    if not artifact.skipped:
        log.info(
            "%d of %d functions have %d rewritten copies (%s)",
            artifact.values["changed"],
            artifact.values["functions"],
            copies,
            ", ".join(kinds),
        )
    return artifact


def _rewritten(text: str, steps: Sequence[Callable[[str, Random], str]], seed: int) -> str:
    random = Random(seed)
    for step in steps:
        text = step(text, random)
    return text


def training_rows(data: Data) -> NDArray[np.int64]:
    """Rows of the functions that any training example touches, rising."""
    return function_rows(data, (SplitName.LABELED, SplitName.UNLABELED))


def learned_splits(cfg: DistillConfig) -> tuple[SplitName, ...]:
    """The halves that a student learns from."""
    used = {SplitName.LABELED: cfg.use_labeled, SplitName.UNLABELED: cfg.use_unlabeled}
    return tuple(split for split, wanted in used.items() if wanted)


def function_rows(data: Data, splits: Sequence[SplitName]) -> NDArray[np.int64]:
    """Rows of the functions that the examples of `splits` touch, rising."""
    return np.unique(np.concatenate([data.corpus.members(split).ravel() for split in splits]))


def read_copies(artifact: Artifact) -> list[tuple[int, Sequence[str]]]:
    """Row and copies of each training function."""
    lines = (artifact.folder / TEXTS).read_text(encoding="utf-8").splitlines()
    return [(row, texts) for row, texts in map(json.loads, lines)]
