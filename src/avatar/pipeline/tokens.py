"""Tokenizing a corpus once for each kind and vocabulary size; the result is memory-mapped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.common.files import writing
from avatar.data.batching import TokenTable
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts, train_tokenizer
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.variants import read_copies, rewritten_copies, training_rows
from avatar.space.architecture import LONGEST


@dataclass(frozen=True)
class Tokenized:
    """A tokenizer and the whole corpus in its tokens.

    `table` holds the functions, then their rewritten copies where the recipe asks for them; `variants`
    (functions, 1 + copies) are the rows of each function and of its copies. `key` changes with any of it.
    """

    tokenizer: Tokenizer
    table: TokenTable
    variants: NDArray[np.int64] | None
    key: str


def tokenized(context: Context, data: Data, kind: str, vocab_size: int, rewritten: int = 0) -> Tokenized:
    """The corpus in the tokens of a tokenizer trained on the functions of its training splits alone.

    `rewritten` copies of each function that a student learns from are tokenized behind the functions.
    """
    corpus = data.corpus
    copies = rewritten_copies(context, data, rewritten)

    def build(folder: Path) -> dict[str, int]:
        texts = [function.code for function in corpus.functions.values()]
        if copies:
            tokenizer = tokenized(context, data, kind, vocab_size).tokenizer
            texts += [text for _, made in read_copies(copies) for text in made]
        else:
            tokenizer = train_tokenizer(kind, vocab_size, (texts[row] for row in training_rows(data)))
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

    reads = {
        "data": data.key,
        "kind": kind,
        "vocab_size": vocab_size,
        "longest": LONGEST,
        "copies": copies.key if copies else None,
    }
    artifact = context.store.make("tokens", reads, build)
    tokenizer = Tokenizer.from_file(str(artifact.folder / "tokenizer.json"))
    ids, offsets = (np.load(artifact.folder / f"{name}.npy", mmap_mode="r") for name in ("ids", "offsets"))
    variants = _variants(len(corpus.functions), copies) if copies else None
    return Tokenized(tokenizer, TokenTable(ids, offsets, PAD_ID, UNKNOWN_ID), variants, artifact.key)


def _variants(functions: int, copies: Artifact) -> NDArray[np.int64]:
    """Rows of each function and its copies, which stand behind all functions; others stand for themselves."""
    made = read_copies(copies)
    variants = np.repeat(np.arange(functions)[:, None], 1 + copies.values["copies"], axis=1)
    rows = np.asarray([row for row, _ in made])
    variants[rows, 1:] = functions + np.arange(len(made) * copies.values["copies"]).reshape(len(made), -1)
    return variants
