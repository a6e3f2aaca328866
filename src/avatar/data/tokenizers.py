"""Kinds of tokenizers that are trained on code, all in the format of Hugging Face tokenizers."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from avatar.common.errors import ConfigError
from avatar.common.registry import Registry

PAD, UNKNOWN, FIRST = "<pad>", "<unk>", "<s>"
SPECIAL_TOKENS = [PAD, UNKNOWN, FIRST]
"""Their ids are 0, 1 and 2 in every tokenizer."""

PAD_ID, UNKNOWN_ID, FIRST_ID = range(len(SPECIAL_TOKENS))

MAX_CHARACTERS = 50_000
"""Longer functions are truncated before tokenizing: no student reads more than a few hundred tokens."""


@dataclass(frozen=True)
class Kind:
    """One kind of tokenizer.

    `make` returns an untrained tokenizer and its trainer for a vocabulary size. The trainer always keeps `alphabet`
    entries, whatever the texts are. If training differs from run to run, `canonical` makes a model from the trained
    vocabulary that does not.
    """

    make: Callable[[int], tuple[Tokenizer, Any]]
    alphabet: int = 0
    canonical: Callable[[Any], Any] | None = None


TOKENIZERS: Registry[Kind] = Registry("tokenizer")

_WORDS = Regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d|[^\sA-Za-z\d]")
"""Parts of identifiers (split at case and underscore), single digits, single other characters."""


_NOT_ASCII = Regex(r"[^\x00-\x7F]")


def _ascii() -> Any:
    """Replace every character outside ASCII by one: a large alphabet would fill a small vocabulary, and which
    rare characters are kept would differ from run to run."""
    return normalizers.Replace(_NOT_ASCII, "\ufffd")


def _bpe(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    return tokenizer, trainer


def _wordpiece(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.normalizer = _ascii()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=SPECIAL_TOKENS, show_progress=False)
    return tokenizer, trainer


def _unigram(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = _ascii()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size, special_tokens=SPECIAL_TOKENS, unk_token=UNKNOWN, show_progress=False
    )
    return tokenizer, trainer


def _word(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(_WORDS, behavior="removed", invert=True)
    trainer = trainers.WordLevelTrainer(vocab_size=vocab_size, special_tokens=SPECIAL_TOKENS, show_progress=False)
    return tokenizer, trainer


def _canonical_wordpiece(vocabulary: dict[str, int]) -> models.WordPiece:
    """The trained pieces, ids in alphabetical order; the trainer's order differs from run to run."""
    ordered = [*SPECIAL_TOKENS, *sorted(set(vocabulary) - set(SPECIAL_TOKENS))]
    return models.WordPiece({piece: index for index, piece in enumerate(ordered)}, unk_token=UNKNOWN)


def _canonical_unigram(vocabulary: list[tuple[str, float]]) -> models.Unigram:
    """The trained unigram model with ids and scores that do not depend on the order of a hash table.

    Two things differ from run to run: the order of pieces of equal score, and which required character gets which of
    the last scores, which are 1e-4 apart. Here both are in alphabetical order.
    """
    special, pieces = vocabulary[: len(SPECIAL_TOKENS)], vocabulary[len(SPECIAL_TOKENS) :]
    pieces = sorted(((piece, round(score, 9)) for piece, score in pieces), key=lambda entry: -entry[1])
    start = len(pieces) - 1
    while start > 0 and abs(pieces[start - 1][1] - pieces[start][1] - 1e-4) < 1e-8:
        start -= 1
    kept = sorted(piece for piece, _ in pieces[start:])
    pieces[start:] = [(piece, score) for piece, (_, score) in zip(kept, pieces[start:], strict=True)]
    ordered = sorted(pieces, key=lambda entry: (-entry[1], entry[0]))
    return models.Unigram([(piece, score) for piece, score in [*special, *ordered]], UNKNOWN_ID)


TOKENIZERS.register("bpe")(Kind(_bpe, alphabet=256))
TOKENIZERS.register("wordpiece")(Kind(_wordpiece, canonical=_canonical_wordpiece))
TOKENIZERS.register("unigram")(Kind(_unigram, canonical=_canonical_unigram))
TOKENIZERS.register("word")(Kind(_word))


def smallest_vocabulary(kind: str) -> int:
    """Fewest entries of a tokenizer of `kind`: the special tokens, its alphabet and one more."""
    return len(SPECIAL_TOKENS) + TOKENIZERS.get(kind).alphabet + 1


def train_tokenizer(kind: str, vocab_size: int, texts: Iterable[str]) -> Tokenizer:
    """Train a tokenizer of a registered `kind` with at most `vocab_size` entries.

    It puts `<s>` before every text. The vocabulary is smaller than `vocab_size` if `texts` are too few; a student's
    embedding table still has the size that its architecture says. The same texts in the same order give the same
    tokenizer. A `vocab_size` below `smallest_vocabulary` is a ConfigError.
    """
    chosen = TOKENIZERS.get(kind)
    tokenizer, trainer = chosen.make(vocab_size)
    if vocab_size < smallest_vocabulary(kind):
        raise ConfigError(
            f"vocab_size is {vocab_size}; a {kind} tokenizer needs at least {smallest_vocabulary(kind)} entries",
            "raise the smallest value of the gene vocab_size",
        )
    tokenizer.train_from_iterator((text[:MAX_CHARACTERS] for text in texts), trainer=trainer)
    if chosen.canonical is not None:
        tokenizer.model = chosen.canonical(json.loads(tokenizer.to_str())["model"]["vocab"])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{FIRST} $A", special_tokens=[(FIRST, FIRST_ID)])
    return tokenizer


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, at most `max_length`, without padding. Runs on all cores."""
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    encodings = tokenizer.encode_batch_fast([text[:MAX_CHARACTERS] for text in texts])
    return [encoding.ids for encoding in encodings]
