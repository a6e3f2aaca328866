"""N-gram features as the tokens of a student: which of its features a function has, and how often, in no order.

A feature is there once more for each doubling of its number: the sum of its rows grows with the logarithm, as in
sublinear TF-IDF. Comments and layout are no features, and some kinds of features do not contain the names of variables
(`code.ngrams`): a student that reads only those cannot change its answer when a variable is renamed.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import TOKENIZER, Bundle
from avatar.bundle.strict_json import list_of_names, read_object, shown, whole
from avatar.code.languages import LANGUAGES
from avatar.code.lexer import Lexer
from avatar.code.ngrams import VIEWS, ngram_features
from avatar.common.errors import ArtifactError
from avatar.common.regular_files import open_regular
from avatar.serve.ngram_reader import FUNCTIONS, NgramReader, ReaderConfig

TYPE = "ngram_tokens"
"""Value of `type` in the tokenizer's file."""
VERSION = 1
_BEGIN = f'{{"type": "{TYPE}",'
"""How the file begins: the whole file of another tokenizer can be large."""
SPECIAL = ("<pad>", "<unk>", "<s>")
"""The tokens with the ids 0, 1 and 2; `<s>` is in every function."""
FIRST_ID = 2
MOST_JSON_BYTES = 10_000_000
MOST_FEATURES = 1_000_000
LONGEST_NGRAM = 9


@dataclass(frozen=True)
class NgramTokens:
    """The features that a student knows: the token with the id i + 3 is the feature i.

    `tags` (features,) are the upper 32 bits of their digests, the most common feature first. `kinds` are those of
    `avatar.code.ngrams`. All functions are read as code in `language`; None means unknown.
    """

    kinds: tuple[str, ...]
    tags: NDArray[np.uint32]
    language: str | None = None

    @cached_property
    def _reader(self) -> NgramReader:
        return NgramReader(ReaderConfig(kinds=self.kinds, shared_kinds=()), self.tags, 0)

    @cached_property
    def _lexer(self) -> Lexer:
        return Lexer()

    @property
    def size(self) -> int:
        """Number of tokens, the special ones included."""
        return len(SPECIAL) + len(self.tags)

    def ids(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Ids of each text: `<s>`, then its features, the most common ones first, at most `max_length` ids in all."""
        result: list[list[int]] = []
        for start in range(0, len(texts), FUNCTIONS):
            part = texts[start : start + FUNCTIONS]
            digests, owners = ngram_features(self._lexer, part, [self.language] * len(part), self.kinds)
            rows = self._reader.own_rows(digests)
            known = rows >= 0
            keys, counts = np.unique(owners[known] * np.int64(self.size) + rows[known], return_counts=True)
            owner, row = np.divmod(np.repeat(keys, np.frexp(counts)[1]), self.size)  # frexp: 1 + floor(log2(count))
            ids, ends = (row + len(SPECIAL)).tolist(), np.searchsorted(owner, np.arange(len(part) + 1)).tolist()
            result += [[FIRST_ID, *ids[low : min(high, low + max_length - 1)]] for low, high in pairwise(ends)]
        return result

    def text(self) -> str:
        """The content of the tokenizer's file."""
        values = {
            "version": VERSION,
            "kinds": list(self.kinds),
            "language": self.language,
            "tags": b64encode(self.tags.astype("<u4").tobytes()).decode(),
        }
        return _BEGIN + json.dumps(values, indent=1).removeprefix("{") + "\n"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "NgramTokens":
        """The tokens from the file's content; anything wrong is a ValueError."""
        if values.get("type") != TYPE or whole(values, "version") != VERSION:
            given = f"type is {shown(values.get('type'))}, version is {shown(values.get('version'))}"
            raise ValueError(f"{given}, not {TYPE} and {VERSION}")
        kinds, language = list_of_names(values, "kinds"), values.get("language")
        if not kinds or len(set(kinds)) < len(kinds) or not all(map(is_kind, kinds)):
            raise ValueError(f"kinds are {shown(kinds)}, not different kinds of n-grams such as t2")
        if language is not None and language not in LANGUAGES.names():
            raise ValueError(f"language is {shown(language)}, not null or one of {', '.join(LANGUAGES.names())}")
        if not isinstance(values.get("tags"), str):
            raise ValueError(f"tags are {shown(values.get('tags'))}, not a text")
        content = b64decode(values["tags"], validate=True)
        if not content or len(content) % 4 or len(content) > 4 * MOST_FEATURES:
            raise ValueError(f"tags have {len(content):,} bytes, not 4 for each of 1 to {MOST_FEATURES:,} features")
        tags = np.frombuffer(content, "<u4").astype(np.uint32)
        if len(np.unique(tags)) < len(tags):
            raise ValueError("tags have a feature twice")
        return cls(kinds, tags, language)


def is_kind(name: str) -> bool:
    """Whether `name` is a kind of n-grams: the letter of a view, and a length from 1 to 9."""
    return len(name) == 2 and name[0] in VIEWS and name[1].isdecimal() and 1 <= int(name[1]) <= LONGEST_NGRAM


def reads_ngram_tokens(bundle: Bundle) -> bool:
    """Whether the file of a bundle's tokenizer is one of `NgramTokens`; it begins with its type."""
    with open_regular(bundle.path(TOKENIZER)) as stream:
        return stream.read(100).startswith(_BEGIN.encode())


class NgramTokenizer:
    """The n-gram tokens of a bundle with graphs; safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        path = bundle.path(TOKENIZER)
        try:
            self._tokens = NgramTokens.from_dict(read_object(path, MOST_JSON_BYTES))
        except ValueError as error:
            raise ArtifactError(f"{path} does not describe n-grams: {error}", "copy the bundle again") from error
        rows = bundle.config.architecture.get("vocab_size")
        if type(rows) is not int or self._tokens.size > rows or bundle.config.pad_id >= rows:
            raise ArtifactError(
                f"{path} does not fit the student: it has {self._tokens.size:,} tokens, the student {shown(rows)}",
                "use a student that Avatar exported",
            )
        self._max_length, self._max_characters = bundle.config.max_length, bundle.config.max_characters

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, at most the student's `max_length`."""
        return self._tokens.ids([text[: self._max_characters] for text in texts], self._max_length)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """A name for each id: a feature's digest cannot be turned back into code."""
        return [SPECIAL[one] if one < len(SPECIAL) else f"feature {one - len(SPECIAL)}" for one in ids]

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether a text with these ids has a known feature."""
        return any(one >= len(SPECIAL) for one in ids)
