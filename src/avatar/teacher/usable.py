"""Checks that a model and its tokenizer can be a teacher. Wrong ones often load, and give the same answer for all."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from avatar.common.errors import DataError

if TYPE_CHECKING:
    from avatar.teacher.teacher_model import TeacherModel

PROBES = ("def total(values):\n    return sum(values)\n", "if name in known: print(name, known[name])\n")
"""Two different functions: a teacher must give them different vectors."""
MAY_LACK = ("pooler", "position_ids")
"""Parts of a model that a teacher does not use, so their weights may be missing."""

_HINT = "set teacher.model to an encoder of text, such as BERT or RoBERTa, with its weights and its tokenizer's files"


def check_weights(missing: Sequence[str], model: str, folder: Path) -> None:
    """A DataError if weights are missing: the library would make random ones."""
    used = sorted(name for name in missing if not any(part in name for part in MAY_LACK))
    if used:
        raise DataError(
            f"teacher.model={model}: the weights in {folder} lack {len(used)} tensors of the model, such as {used[0]}",
            _HINT,
        )


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, model: str, folder: Path) -> None:
    """A DataError if the tokenizer knows only its special tokens, as one does whose files are missing."""
    if not {*tokenizer.get_vocab().values()} - {*tokenizer.all_special_ids, *tokenizer("")["input_ids"]}:
        raise DataError(f"teacher.model={model}: the tokenizer in {folder} knows no words; are files missing?", _HINT)


def check_tokens(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Sequence[int]], texts: Sequence[str]) -> None:
    """A DataError if a tokenizer knows no part of any of the `texts`, whose token ids are `rows`."""
    special = {*tokenizer.all_special_ids, *tokenizer("")["input_ids"]}
    if any(text.strip() for text in texts) and not any(token not in special for row in rows for token in row):
        raise DataError(
            f"the teacher's tokenizer knows no part of the {len(texts):,} functions: each is only special tokens",
            "choose a teacher that reads this language",
        )


@torch.no_grad()
def check_encoder(model: "TeacherModel", tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """A DataError if the model does not give different, finite vectors for two functions."""
    kind = model.encoder.config.model_type
    largest = max(tokenizer.get_vocab().values(), default=0)
    try:
        embedding: Any = model.encoder.get_input_embeddings()
        rows = int(embedding.num_embeddings)
        if largest < rows:
            vectors = _vectors(model, tokenizer)
    except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise no_encoder(name, kind, str(error)) from error
    if largest >= rows:
        raise DataError(
            f"teacher.model={name}: the tokenizer has a token with the id {largest:,}, the model has {rows:,} tokens",
            "the tokenizer is that of another model: use the files of one model together",
        )
    if vectors.shape != (len(PROBES), model.hidden_size):
        raise no_encoder(name, kind, f"its output has the shape {tuple(vectors.shape)}")
    if not bool(torch.isfinite(vectors).all()):
        raise DataError(f"teacher.model={name}: the model gives numbers that are not finite", _HINT)
    if torch.equal(vectors[0], vectors[1]):
        raise DataError(
            f"teacher.model={name}: the model gives two different functions the same vector",
            f"teacher.pooling is '{model.pooling}': a model of the kind '{kind}' may need another, such as mean",
        )


def _vectors(model: "TeacherModel", tokenizer: PreTrainedTokenizerBase) -> torch.Tensor:
    if model.encoder.config.is_encoder_decoder:
        raise ValueError("it is an encoder with a decoder")
    table = model.table(tokenizer, PROBES, ["python"] * len(PROBES), 16)
    ids, mask = table.padded(np.arange(len(PROBES)))
    training = model.training
    model.train(False)
    vectors = model.encode(ids, mask)
    model.train(training)
    return vectors


def no_encoder(name: str, kind: str, reason: str) -> DataError:
    """The error for a model of this `kind`."""
    first = reason.strip().splitlines()[0][:200] if reason.strip() else "it cannot be run"
    return DataError(f"teacher.model={name}: a model of the kind '{kind}' is no encoder of text: {first}", _HINT)
