"""Stage 4: rewritten copies of the training functions, and everything in tokens, once for each tokenizer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import LANGUAGES
from avatar.code.rewrite import REWRITES, harvest_names, rewrites
from avatar.common.errors import ConfigError
from avatar.common.files import save_array, write_text, writing
from avatar.common.logging import get_logger, progress
from avatar.common.seeding import derive_seed
from avatar.data.batching import TokenTable
from avatar.data.records import SplitName
from avatar.data.tokenizers import (
    PAD_ID,
    TOKENIZERS,
    UNKNOWN_ID,
    CodeTokenizer,
    encode_texts,
    tokenizer_of,
    train_tokenizer,
)
from avatar.pipeline.artifacts import Artifact, Pending
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import language_field
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.space.architecture import LONGEST

log = get_logger("tokens")
TEXTS = "texts.jsonl"


@dataclass(frozen=True)
class CopyInputs:
    """The data, and the number of copies of each function."""

    data: Data
    copies: int


def learned_splits(use_labeled: bool, use_unlabeled: bool) -> tuple[SplitName, ...]:
    """The halves that a student is trained on."""
    used = {SplitName.LABELED: use_labeled, SplitName.UNLABELED: use_unlabeled}
    return tuple(split for split, wanted in used.items() if wanted)


@dataclass(frozen=True)
class CopySettings:
    """Which functions are copied, their language where none is recorded, and how the copies are rewritten."""

    seed: int = setting("seed")
    language: str | None = language_field()
    rewrites: list[str] = setting("distill.rewrites")
    splits: tuple[SplitName, ...] = setting("distill.use_labeled", "distill.use_unlabeled", via=learned_splits)


def _build_copies(inputs: CopyInputs, settings: CopySettings, folder: Path) -> dict[str, Any]:
    data, copies = inputs.data, inputs.copies
    languages = [function.language or settings.language or "" for function in data.corpus.functions.values()]
    texts, rows = data.texts, data.rows(settings.splits)
    if not any(languages[row] for row in rows):
        raise ConfigError(
            f"distill.copies={copies} needs the programming language of the functions",
            f"set dataset.language ({', '.join(LANGUAGES)}), or distill.copies=0",
        )
    steps: dict[str, list[Callable[[str, Random], str]]] = {}
    for language in sorted({languages[row] for row in rows} & {*LANGUAGES.names()}):
        own = (texts[row] for row in data.training_rows if languages[row] == language)
        known = rewrites(language, harvest_names(own, language))
        steps[language] = [known[kind] for kind in REWRITES if kind in settings.rewrites]
    lines, changed = [], 0
    for row in progress(rows.tolist(), "rewriting functions", len(rows)):
        chosen = steps.get(languages[row], [])
        made = [
            _rewritten(texts[row], chosen, derive_seed(settings.seed, "copy", row, number)) for number in range(copies)
        ]
        changed += made[0] != texts[row]
        lines.append(json.dumps([row, made]))
    write_text(folder / TEXTS, "\n".join(lines) + "\n")
    log.info("rewriting changed %d of %d functions; each has %d copies", changed, len(rows), copies)
    return {"functions": len(rows), "changed": changed, "copies": copies, "languages": sorted(steps)}


def _rewritten(text: str, steps: Sequence[Callable[[str, Random], str]], seed: int) -> str:
    random = Random(seed)
    for step in steps:
        text = step(text, random)
    return text


COPIES = Stage(
    "variants", 1, "Make rewritten copies of the student's training functions", CopyInputs, CopySettings, _build_copies
)


def rewritten_copies(job: Job, data: Data, copies: int) -> Pending | None:
    """`copies` copies of each function that a student is trained on; None if `copies` is 0.

    Every rewrite of `distill.rewrites` is applied to each copy. New names are drawn from the names in the training
    functions of the same language, by their frequency. A function that cannot be parsed, or whose language is not known
    to us, is copied unchanged. Making the copies is a ConfigError if no language is known.
    """
    return job.pending(COPIES, CopyInputs(data, copies)) if copies else None


def read_copies(artifact: Artifact) -> list[tuple[int, Sequence[str]]]:
    """Row and copies of each copied function."""
    lines = (artifact.folder / TEXTS).read_text(encoding="utf-8").splitlines()
    return [(row, texts) for row, texts in map(json.loads, lines)]


@dataclass(frozen=True)
class Tokenized:
    """A tokenizer and the whole corpus in its tokens, made when they are needed.

    The table holds the functions, then their rewritten copies, if any.
    """

    functions: int
    copies: Pending | None
    pending: Pending

    @property
    def key(self) -> str:
        """Changes with the tokenizer and with any text."""
        return self.pending.key

    @property
    def tokenizer(self) -> CodeTokenizer:
        """The tokenizer that was trained on the training functions."""
        return tokenizer_of((self.pending.get().folder / "tokenizer.json").read_text(encoding="utf-8"))

    @property
    def table(self) -> TokenTable:
        """Token ids of every function and copy, memory-mapped."""
        folder = self.pending.get().folder
        ids, offsets = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("ids", "offsets"))
        return TokenTable(ids, offsets, PAD_ID, UNKNOWN_ID)

    @property
    def variants(self) -> NDArray[np.int64] | None:
        """Rows of each function and of its copies, (functions, 1 + copies); None without copies.

        For a function that was not copied, all entries are its own row.
        """
        if self.copies is None:
            return None
        artifact = self.copies.get()
        made, count = read_copies(artifact), artifact.values["copies"]
        variants = np.repeat(np.arange(self.functions)[:, None], 1 + count, axis=1)
        rows = np.asarray([row for row, _ in made])
        variants[rows, 1:] = self.functions + np.arange(len(made) * count).reshape(len(made), -1)
        return variants


@dataclass(frozen=True)
class Inputs:
    """The data, the kind of tokenizer, its size, the most tokens of a function, and its copies, if any.

    `language` is that of all functions, for tokenizers that read it. With copies, `plain` is the tokenized corpus
    without them; its tokenizer is used.
    """

    data: Data
    kind: str
    vocab_size: int
    longest: int
    language: str | None
    copies: Pending | None
    plain: Tokenized | None


@dataclass(frozen=True)
class Settings:
    """No settings: kind and size of a tokenizer are genes."""


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    texts = list(inputs.data.texts)
    if inputs.copies is not None and inputs.plain is not None:
        tokenizer = inputs.plain.tokenizer
        texts += [text for _, made in read_copies(inputs.copies.get()) for text in made]
    else:
        training = (texts[row] for row in inputs.data.training_rows)
        tokenizer = train_tokenizer(inputs.kind, inputs.vocab_size, training, inputs.language)
    table = TokenTable.from_lists(encode_texts(tokenizer, texts, inputs.longest), PAD_ID, UNKNOWN_ID)
    with writing(folder / "tokenizer.json") as temporary:
        tokenizer.save(str(temporary))
    for name in ("ids", "offsets"):
        save_array(folder / f"{name}.npy", getattr(table, name))
    return {"vocab_size": tokenizer.get_vocab_size(), "tokens": len(table.ids)}


TOKENS = Stage("tokens", 1, "Train a tokenizer and tokenize every function", Inputs, Settings, _build)


def tokenized(job: Job, data: Data, kind: str, vocab_size: int, copies: int = 0) -> Tokenized:
    """The corpus in the tokens of a tokenizer that is trained on the functions of the training splits only.

    `copies` copies of each function that a student is trained on follow the functions.
    """
    rewritten = rewritten_copies(job, data, copies)
    plain = tokenized(job, data, kind, vocab_size) if rewritten is not None else None
    languages = data.corpus.languages
    language = languages[0] if len(languages) == 1 and not TOKENIZERS.get(kind).in_order else None
    inputs = Inputs(data, kind, vocab_size, LONGEST, language, rewritten, plain)
    return Tokenized(len(data.texts), rewritten, job.pending(TOKENS, inputs))
