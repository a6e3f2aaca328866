"""Text to token ids, the same as the tokenizers library gives and on ASCII about four times as fast."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tokenizers import Tokenizer

from avatar.bundle import TOKENIZER, Bundle
from avatar.common.errors import ArtifactError

CHARACTERS_PER_TOKEN = 6
"""A text is split up in slices of this many characters for each token that the student reads."""

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
"""Known pre-tokenizers, and what splits an ASCII text as they do."""


class TextTokenizer:
    """The tokenizer of a bundle; safe to share between threads.

    The library spends most of its time on splitting a text and on words that it has seen before. Here a
    text is split by Python's `re`, no further than the student reads, and the ids of each piece are kept.
    Texts that are not ASCII or hold a special token, and tokenizers that are not known here, go through the
    library. Both ways give the same ids.
    """

    def __init__(self, bundle: Bundle) -> None:
        path = bundle.path(TOKENIZER)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self._tokenizer = Tokenizer.from_str(json.dumps(content))
            self._pieces = Tokenizer.from_str(json.dumps(content))
        except Exception as error:  # the library raises plain Exception
            raise ArtifactError(f"{path} is no tokenizer: {error}", "export the student again") from error
        self._max_length = bundle.config.max_length
        self._max_characters = bundle.config.max_characters
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._max_length)
        self._pieces.no_padding()
        self._pieces.no_truncation()
        self._split = _split_of(content)
        self._special = [token["content"] for token in content["added_tokens"]]
        self._first: list[int] = self._tokenizer.encode("").ids
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, `<s>` first, cut at the student's length."""
        cut = [text[: self._max_characters] for text in texts]
        rows = [self._by_pieces(text) for text in cut]
        left = [place for place, row in enumerate(rows) if row is None]
        if left:
            found = self._tokenizer.encode_batch_fast([cut[place] for place in left])
            for place, encoding in zip(left, found, strict=True):
                rows[place] = encoding.ids
        return rows  # type: ignore[return-value]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """What each token stands for, as text."""
        return [self._tokenizer.decode([one], skip_special_tokens=False) for one in ids]

    def _by_pieces(self, text: str) -> list[int] | None:
        """Ids of one text, or None where only the library knows them."""
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
        found = self._pieces.encode_batch_fast(names, add_special_tokens=False)
        fresh = {name: encoding.ids for name, encoding in zip(names, found, strict=True)}
        if len(self._known) < CACHED_PIECES:
            self._known.update((name, ids) for name, ids in fresh.items() if len(name) <= LONGEST_CACHED)
        return fresh


def _split_of(content: dict[str, Any]) -> re.Pattern[str] | None:
    """What splits ASCII texts as the tokenizer with this content does; None where that is not known."""
    normalizer = content["normalizer"]
    keeps_ascii = normalizer in (
        None,
        {"type": "NFC"},
        {"type": "Replace", "pattern": {"Regex": r"[^\x00-\x7F]"}, "content": "\ufffd"},
    )
    for pre_tokenizer, pattern in _SPLITS:
        if keeps_ascii and content["pre_tokenizer"] == pre_tokenizer:
            return re.compile(pattern, re.ASCII)
    return None
