"""Tokenizing a corpus once for each kind and vocabulary size; the result is memory-mapped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from avatar.common.files import writing
from avatar.data.batching import TokenTable
from avatar.data.records import SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts, train_tokenizer
from avatar.pipeline.context import Context, Data
from avatar.space.architecture import LONGEST


@dataclass(frozen=True)
class Tokenized:
    """A tokenizer and the whole corpus in its tokens."""

    tokenizer: Tokenizer
    table: TokenTable


def tokenized(context: Context, data: Data, kind: str, vocab_size: int) -> Tokenized:
    """The corpus in the tokens of a tokenizer trained on the functions of its training splits alone."""
    corpus = data.corpus

    def build(folder: Path) -> dict[str, int]:
        splits = (SplitName.LABELED, SplitName.UNLABELED)
        training = np.unique(np.concatenate([corpus.members(split).ravel() for split in splits]))
        texts = [function.code for function in corpus.functions.values()]
        tokenizer = train_tokenizer(kind, vocab_size, (texts[row] for row in training))
        table = TokenTable.from_lists(
            encode_texts(tokenizer, texts, LONGEST),
            PAD_ID,
            UNKNOWN_ID,
        )
        with writing(folder / "tokenizer.json") as temporary:
            tokenizer.save(str(temporary))
        for name in ("ids", "offsets"):
            with writing(folder / f"{name}.npy") as temporary, temporary.open("wb") as stream:
                np.save(stream, getattr(table, name))
        return {"vocab_size": tokenizer.get_vocab_size(), "tokens": len(table.ids)}

    reads = {"data": data.key, "kind": kind, "vocab_size": vocab_size, "longest": LONGEST}
    artifact = context.store.make("tokens", reads, build)
    tokenizer = Tokenizer.from_file(str(artifact.folder / "tokenizer.json"))
    ids, offsets = (np.load(artifact.folder / f"{name}.npy", mmap_mode="r") for name in ("ids", "offsets"))
    return Tokenized(tokenizer, TokenTable(ids, offsets, PAD_ID, UNKNOWN_ID))
