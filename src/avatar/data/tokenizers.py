"""Kinds of tokenizers that are trained on code: those of Hugging Face, and those that read n-gram features."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from avatar.common.errors import ConfigError
from avatar.common.registry import Registry
from avatar.data.ngram_kind import NgramCodeTokenizer, NgramKind
from avatar.serve.ngram_tokens import TYPE, NgramTokens

PAD, UNKNOWN, FIRST = "<pad>", "<unk>", "<s>"
SPECIAL_TOKENS = [PAD, UNKNOWN, FIRST]
"""Their ids are 0, 1 and 2 in every tokenizer."""

PAD_ID, UNKNOWN_ID, FIRST_ID = range(len(SPECIAL_TOKENS))

MAX_CHARACTERS = 50_000
"""Longer functions are truncated before tokenizing: no student reads more than a few hundred tokens."""


class CodeTokenizer(Protocol):
    """A trained tokenizer: what students need of the tokenizers of Hugging Face."""

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """Number of tokens."""

    def token_to_id(self, token: str) -> int | None:
        """The id of a token, None if there is none."""

    def to_str(self, pretty: bool = False) -> str:
        """The content of its file."""

    def save(self, path: str, pretty: bool = True) -> None:
        """Write its file."""

    def enable_truncation(self, max_length: int) -> None:
        """Give at most `max_length` ids for a text."""

    def no_truncation(self) -> None:
        """Give all ids of a text."""

    def no_padding(self) -> None:
        """Add no ids to a text."""

    def encode_batch_fast(self, texts: list[str], /) -> Sequence[Any]:
        """For each text, an object with its `ids`."""


class Kind(Protocol):
    """One kind of tokenizer.

    Whatever the texts are, training keeps `alphabet` entries. `in_order`: the tokens of a function have an order;
    otherwise it is a set of tokens.
    """

    @property
    def alphabet(self) -> int:
        """Entries that are always kept."""

    @property
    def in_order(self) -> bool:
        """Whether the order of the tokens is that of the text."""

    def train(self, vocab_size: int, texts: Iterable[str], language: str | None) -> CodeTokenizer:
        """A tokenizer with at most `vocab_size` entries. `language` is that of the texts, if all have one."""


@dataclass(frozen=True)
class TextKind:
    """A kind of tokenizer of Hugging Face.

    `make` returns an untrained tokenizer and its trainer for a vocabulary size. The trainer always keeps `alphabet`
    entries, whatever the texts are. If training differs from run to run, `canonical` makes a model from the trained
    vocabulary that does not.
    """

    make: Callable[[int], tuple[Tokenizer, Any]]
    alphabet: int = 0
    canonical: Callable[[Any], Any] | None = None
    in_order: bool = True

    def train(self, vocab_size: int, texts: Iterable[str], language: str | None) -> Tokenizer:
        """The trained tokenizer, which puts `<s>` before every text."""
        tokenizer, trainer = self.make(vocab_size)
        tokenizer.train_from_iterator(texts, trainer=trainer)
        if self.canonical is not None:
            tokenizer.model = self.canonical(json.loads(tokenizer.to_str())["model"]["vocab"])
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{FIRST} $A", special_tokens=[(FIRST, FIRST_ID)]
        )
        return tokenizer


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


TOKENIZERS.register("bpe")(TextKind(_bpe, alphabet=256))
TOKENIZERS.register("wordpiece")(TextKind(_wordpiece, canonical=_canonical_wordpiece))
TOKENIZERS.register("unigram")(TextKind(_unigram, canonical=_canonical_unigram))
TOKENIZERS.register("word")(TextKind(_word))
TOKENIZERS.register("ngrams")(NgramKind(("w1", "t2")))
TOKENIZERS.register("shapes")(NgramKind(("c1", "r1", "r2", "r3", "r4")))


def smallest_vocabulary(kind: str) -> int:
    """Fewest entries of a tokenizer of `kind`: the special tokens, its alphabet and one more."""
    return len(SPECIAL_TOKENS) + TOKENIZERS.get(kind).alphabet + 1


def train_tokenizer(kind: str, vocab_size: int, texts: Iterable[str], language: str | None = None) -> CodeTokenizer:
    """Train a tokenizer of a registered `kind` with at most `vocab_size` entries.

    Every text has `<s>` as its first token. The vocabulary is smaller than `vocab_size` if `texts` are too few; a
    student's embedding table still has the size that its architecture says. The same texts in the same order give the
    same tokenizer. `language` is that of all texts; None if it is unknown, or if there are several. A `vocab_size`
    below `smallest_vocabulary` is a ConfigError.
    """
    chosen = TOKENIZERS.get(kind)
    if vocab_size < smallest_vocabulary(kind):
        raise ConfigError(
            f"vocab_size is {vocab_size}; a {kind} tokenizer needs at least {smallest_vocabulary(kind)} entries",
            "raise the smallest value of the gene vocab_size",
        )
    return chosen.train(vocab_size, (text[:MAX_CHARACTERS] for text in texts), language)


def tokenizer_of(text: str) -> CodeTokenizer:
    """The tokenizer from the content of its file."""
    content = json.loads(text)
    if content.get("type") == TYPE:
        return NgramCodeTokenizer(NgramTokens.from_dict(content))
    return Tokenizer.from_str(text)


def encode_texts(tokenizer: CodeTokenizer, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, at most `max_length`, without padding. Runs on all cores."""
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    encodings = tokenizer.encode_batch_fast([text[:MAX_CHARACTERS] for text in texts])
    return [encoding.ids for encoding in encodings]
