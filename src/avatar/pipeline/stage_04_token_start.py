"""Stage 4b: what an n-gram student knows about the tokens of a tokenizer, from which token tables start."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar.common.files import save_array
from avatar.common.logging import get_logger
from avatar.pipeline.artifacts import Pending
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting, unkeyed
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_04_tokens import Tokenized, tokenized
from avatar.student.word_vectors import TokenVectors, read_word_vectors, start_digest, token_vectors

log = get_logger("tokens")


@dataclass(frozen=True)
class Inputs:
    """The data, and the tokenizer that was trained on it."""

    data: Data
    tokens: Tokenized


@dataclass(frozen=True)
class Settings:
    """The n-gram student."""

    digest: str | None = setting("distill.init", via=start_digest)
    name: str | None = unkeyed("distill.init", why="its content counts, and not its folder; `digest` stands for it")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    assert settings.name is not None  # `token_start` makes no artifact without a start
    data, tokenizer = inputs.data, inputs.tokens.tokenizer
    texts = [data.texts[row] for row in data.training_rows]
    start = token_vectors(read_word_vectors(settings.name), tokenizer, texts)
    for name in ("tokens", "vectors"):
        save_array(folder / f"{name}.npy", getattr(start, name))
    size = tokenizer.get_vocab_size()
    log.info("the n-gram student '%s' knows %d of %d tokens", settings.name, len(start.tokens), size)
    return {"tokens": len(start.tokens), "vocab_size": size}


TOKEN_START = Stage("token_start", 1, "Find what an n-gram student knows about the tokens", Inputs, Settings, _build)


@dataclass(frozen=True)
class TokenStart:
    """The vectors of tokens, made when they are needed."""

    pending: Pending

    @property
    def key(self) -> str:
        """Changes with the n-gram student, the tokenizer and the training functions."""
        return self.pending.key

    @property
    def vectors(self) -> TokenVectors:
        """The tokens that have a vector, and the vectors."""
        folder = self.pending.get().folder
        return TokenVectors(*(np.load(folder / f"{name}.npy") for name in ("tokens", "vectors")))


def token_start(job: Job, data: Data, kind: str, vocab_size: int) -> TokenStart | None:
    """What the n-gram student `distill.init` knows about the tokens of a tokenizer; None if it is null."""
    if job.cfg.distill.init is None:
        return None
    return TokenStart(job.pending(TOKEN_START, Inputs(data, tokenized(job, data, kind, vocab_size))))
