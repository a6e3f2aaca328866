"""Text to token ids: the same ids as the tokenizers library, about four times as fast on ASCII."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tokenizers import Tokenizer

from avatar.bundle import TOKENIZER, Bundle
from avatar.bundle.strict_json import read_object
from avatar.serve.tokenizer_checks import MOST_JSON_BYTES, check_file, check_tokenizer, library_errors

CHARACTERS_PER_TOKEN = 6
"""A text is split in slices of this number of characters times the student's `max_length`."""

CACHED_PIECES = 50_000
LONGEST_CACHED = 64

_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d|[^\sA-Za-z\d]"
_GAP = re.compile(r"(?<=\S)(?=\s)")

_SPLITS: list[tuple[dict[str, Any], str]] = [
    (
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+",
    ),
    ({"type": "BertPreTokenizer"}, r"[^\s!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]"),
    ({"type": "Split", "pattern": {"Regex": _WORDS}, "behavior": "Removed", "invert": True}, _WORDS),
    (
        {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            ],
        },
        r"\S+",
    ),
]
"""Known pre-tokenizers, and a pattern that splits ASCII text in the same way."""


class TextTokenizer:
    """The tokenizer of a bundle; safe to share between threads.

    The library spends most of its time on splitting a text and on words that it has seen before. Here Python's `re`
    splits a text, only as far as the student reads it, and the ids of each piece are cached. The library handles
    texts that are not ASCII or contain a special token, and tokenizers that are not in `_SPLITS`. Both ways give the
    same ids.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._path = path = bundle.path(TOKENIZER)
        content = read_object(path, MOST_JSON_BYTES)
        check_file(path, content)
        self._max_length = bundle.config.max_length
        self._max_characters = bundle.config.max_characters
        with library_errors(path, "is not a tokenizer"):
            self._tokenizer = Tokenizer.from_str(json.dumps(content))
            self._pieces = Tokenizer.from_str(json.dumps(content))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(self._max_length)
            self._pieces.no_padding()
            self._pieces.no_truncation()
            check_tokenizer(path, self._tokenizer, bundle.config)
            self._split = _split_of(content)
            self._special = [token["content"] for token in content.get("added_tokens", [])]
            self._first: list[int] = self._tokenizer.encode("").ids
            self._nothing = {token["id"] for token in content.get("added_tokens", []) if token.get("special")}
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, `<s>` first, cut at the student's `max_length`."""
        cut = [text[: self._max_characters] for text in texts]
        with library_errors(self._path, "cannot tokenize a text"):
            rows = [self._by_pieces(text) for text in cut]
            others = [index for index, row in enumerate(rows) if row is None]
            if others:
                encodings = self._tokenizer.encode_batch_fast([cut[index] for index in others])
                for index, encoding in zip(others, encodings, strict=True):
                    rows[index] = encoding.ids[: self._max_length]  # of a very short one, the library cuts nothing
        return rows  # type: ignore[return-value]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each token."""
        with library_errors(self._path, "cannot show a token"):
            return [self._tokenizer.decode([one], skip_special_tokens=False) for one in ids]

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether a text with these ids has a token that is not a special one, such as that for unknown text."""
        return any(one not in self._nothing for one in ids)

    def _by_pieces(self, text: str) -> list[int] | None:
        """Ids of one text; None if it needs the library."""
        split = self._split
        if split is None or not text.isascii() or any(token in text for token in self._special):
            return None
        row, start = list(self._first), 0
        while start < len(text) and len(row) < self._max_length:
            gap = _GAP.search(text, start + 1 + CHARACTERS_PER_TOKEN * self._max_length)
            end = gap.start() if gap else len(text)
            row.extend(chain.from_iterable(self._ids(split.findall(text, start, end))))
            start = end
        return row[: self._max_length]

    def _ids(self, pieces: list[str]) -> list[list[int]]:
        known = self._known
        try:
            return [known[piece] for piece in pieces]
        except KeyError:
            fresh = self._learn({piece for piece in pieces if piece not in known})
            return [fresh[piece] if piece in fresh else known[piece] for piece in pieces]

    def _learn(self, pieces: Iterable[str]) -> dict[str, list[int]]:
        names = list(pieces)
        encodings = self._pieces.encode_batch_fast(names, add_special_tokens=False)
        fresh = {name: encoding.ids for name, encoding in zip(names, encodings, strict=True)}
        if len(self._known) < CACHED_PIECES:
            self._known.update((name, ids) for name, ids in fresh.items() if len(name) <= LONGEST_CACHED)
        return fresh


def _split_of(content: dict[str, Any]) -> re.Pattern[str] | None:
    """The pattern that splits ASCII text as this tokenizer does; None if the tokenizer is not in `_SPLITS`."""
    normalizer = content.get("normalizer")
    keeps_ascii = normalizer in (
        None,
        {"type": "NFC"},
        {"type": "Replace", "pattern": {"Regex": r"[^\x00-\x7F]"}, "content": "\ufffd"},
    )
    for pre_tokenizer, pattern in _SPLITS:
        if keeps_ascii and content.get("pre_tokenizer") == pre_tokenizer:
            return re.compile(pattern, re.ASCII)
    return None
