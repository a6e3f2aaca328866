"""Tokens of source code, in one alphabet for all languages.

Comments and layout are left out. Words and signs that mean the same get the same token: `&&` and `and`, `None` and
`nullptr`, `i++` and `i += 1`. Declaration keywords, types' spellings and brackets of blocks differ between languages
and say little, so they are left out or unified. The result is made for comparing functions, not for compiling them.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import LANGUAGES
from avatar.code.shape import BRACES, Shape

WORDS_OF_A_STRING = 12
"""Words of a string literal that are kept."""
MOST_TOKENS = 100_000
"""Distinct tokens that are remembered between calls, about 40 MB; more are forgotten and read again."""
MOST_BLANKS = 40
"""Blanks before a token that are skipped at once."""

SIGN, IDENTIFIER, NUMBER, STRING = range(4)
"""Kinds of tokens. Keywords count as signs."""

_SUBWORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_KEYWORDS = frozenset(
    [
        "if",
        "else",
        "for",
        "while",
        "do",
        "switch",
        "case",
        "default",
        "break",
        "continue",
        "return",
        "try",
        "catch",
        "finally",
        "throw",
        "throws",
        "new",
        "delete",
        "in",
        "of",
        "not",
        "and",
        "or",
        "is",
        "null",
        "true",
        "false",
        "yield",
        "await",
        "async",
        "lambda",
        "goto",
        "with",
        "instanceof",
        "sizeof",
        "typeof",
        "assert",
    ]
)
_SAME = {
    **dict.fromkeys(["nullptr", "None", "nil", "NULL", "undefined"], "null"),
    **dict.fromkeys(["True", "TRUE"], "true"),
    **dict.fromkeys(["False", "FALSE"], "false"),
    **dict.fromkeys(["elif", "elsif", "elseif"], "else if"),
    **dict.fromkeys(["->", "::", "?."], "."),
    **dict.fromkeys(["def", "func", "function", "fun", "fn"], "fn"),
    **dict.fromkeys(["string", "String"], "str"),
    **dict.fromkeys(["boolean", "Boolean"], "bool"),
    **dict.fromkeys(
        [
            "Integer",
            "integer",
            "long",
            "short",
            "unsigned",
            "i32",
            "i64",
            "u32",
            "u64",
            "usize",
            "size_t",
            "int64",
            "int32",
            "uint64",
        ],
        "int",
    ),
    **dict.fromkeys(["double", "f64", "f32", "float64", "Double", "Float"], "float"),
    **dict.fromkeys(["len", "size", "Length", "Size", "Count"], "length"),
    **dict.fromkeys(["match", "when"], "switch"),
    **dict.fromkeys(["except", "rescue"], "catch"),
    "raise": "throw",
    "raises": "throws",
    "ensure": "finally",
    "foreach": "for",
    "number": "int",
    "&&": "and",
    "||": "or",
    "!": "not",
    ":=": "=",
    "===": "==",
    "!==": "!=",
    "++": "+= 1",
    "--": "-= 1",
    **dict.fromkeys(["this", "self", "Self", "cls", "std"], ""),
    **dict.fromkeys(
        [
            "const",
            "var",
            "auto",
            "final",
            "static",
            "public",
            "private",
            "protected",
            "inline",
            "override",
            "virtual",
            "constexpr",
        ],
        "",
    ),
    **dict.fromkeys(["readonly", "export", "unsafe", "sealed", "noexcept", "let"], ""),
    **dict.fromkeys([";", "{", "}", "$", "\\", "...", "@", "#"], ""),
}
"""What a token is replaced by; empty: it is left out."""
_SAME_IN = {
    "rust": {"mut": "", "pub": "", "ref": "", "loop": "while"},
    "ruby": {"end": "", "begin": "", "then": "", "unless": "if not", "until": "while not"},
    "kotlin": {"val": "", "internal": ""},
    "csharp": {"internal": "", "ref": ""},
}
"""The same for one language; elsewhere these are ordinary names."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of several functions, one after the other.

    `tokens` (n,) are 64-bit digests, `kinds` (n,) their kinds, `rows` (n,) the index of each token's function.
    `words` (m,) are the digests of the lower-case words inside names and strings, `word_rows` (m,) their functions.
    `spots` (n,) and `word_spots` (m,) count what was read: a word and a token with the same spot come from one text.
    """

    tokens: NDArray[np.uint64]
    kinds: NDArray[np.int8]
    rows: NDArray[np.int32]
    words: NDArray[np.uint64]
    word_rows: NDArray[np.int32]
    spots: NDArray[np.int64]
    word_spots: NDArray[np.int64]


def digest(text: str) -> int:
    """A 64-bit digest of a text, the same on every machine."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def word_digest(word: str) -> int:
    """The digest of a lower-case word inside names and strings."""
    return digest("w" + word)


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word in `text`, wherever it is: names are split into their words."""
    return (match.span() for match in _SUBWORDS.finditer(text))


class Lexer:
    """Reads functions into `Tokens`; safe to share between threads. Linear in the length of any text."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget()

    def __call__(self, codes: Sequence[str], languages: Sequence[str | None]) -> Tokens:
        """The tokens of all functions. `languages` are names, or None; an unknown one is read as if it had braces."""
        with self._lock:
            if len(self._unit_ends) > MOST_TOKENS:
                self._forget()
            counts: list[int] = []
            ids: list[int] = []
            for code, language in zip(codes, languages, strict=True):
                table = self._tables.get(language)
                if table is None:
                    table = self._tables[language] = _Table(self, language)
                before = len(ids)
                ids.extend(map(table.__getitem__, table.tokens_of(code)))
                counts.append(len(ids) - before)
            rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
            return self._expanded(np.array(ids, np.int64), rows)

    def _forget(self) -> None:
        self._tables: dict[str | None, _Table] = {}
        # arrays, because numpy reads them without a copy; `ends` has 0 and then the end of each token's part
        self._units, self._unit_kinds, self._unit_ends = array("Q"), array("b"), array("q", [0])
        self._words, self._word_ends = array("Q"), array("q", [0])
        self._word_digests = _WordDigests()

    def add(self, units: Sequence[tuple[str, int]], words: Sequence[str]) -> int:
        """The number of a new token."""
        self._units.extend(digest(unit) for unit, _ in units)
        self._unit_kinds.extend(kind for _, kind in units)
        self._unit_ends.append(len(self._units))
        self._words.extend(map(self._word_digests.__getitem__, words))
        self._word_ends.append(len(self._words))
        return len(self._unit_ends) - 2

    def _expanded(self, ids: NDArray[np.int64], rows: NDArray[np.int32]) -> Tokens:
        units, where = _spread(ids, np.asarray(self._unit_ends))
        words, origin = _spread(ids, np.asarray(self._word_ends))
        return Tokens(
            np.asarray(self._units)[units],
            np.asarray(self._unit_kinds)[units],
            rows[where],
            np.asarray(self._words)[words],
            rows[origin],
            where,
            origin,
        )


def _spread(ids: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For tokens `ids` whose parts lie between `ends[id]` and `ends[id + 1]`: the parts, and their tokens in `ids`."""
    starts = ends[ids]
    sizes = ends[ids + 1] - starts
    where = np.repeat(np.arange(len(ids)), sizes)
    shifts = starts - np.cumsum(sizes) + sizes  # from a part's index in the result to its index in the table
    return np.arange(len(where)) + np.repeat(shifts, sizes), where


class _WordDigests(dict[str, int]):
    """The digest of each word that was seen: most names are made of a few thousand words."""

    def __missing__(self, word: str) -> int:
        value = self[word] = word_digest(word)
        return value


class _Table(dict[str, int]):
    """Numbers of the tokens of one language."""

    def __init__(self, lexer: Lexer, language: str | None) -> None:
        super().__init__()
        self._lexer = lexer
        self._shape = _shape(language)
        self.tokens_of: Callable[[str], list[str]] = pattern(self._shape).findall
        """All tokens of a code in this language, as text."""
        self._same = {**_SAME, **_SAME_IN.get(language or "", {})}

    def __missing__(self, token: str) -> int:
        number = self._lexer.add(*self._read(token))
        if len(token) <= 60:
            self[token] = number
        return number

    def _read(self, token: str) -> tuple[list[tuple[str, int]], list[str]]:
        first = token[0]
        shape = self._shape
        if token.startswith(shape.line_comment) or (shape.block_comment and token.startswith(shape.block_comment[0])):
            return [], []
        if first in "\"'`":
            return [('"', STRING)], _subwords(token[:400])[:WORDS_OF_A_STRING]
        if first.isdigit():
            return [(token.rstrip("lLuUfF").lower() or token, NUMBER)], []
        same = self._same.get(token)
        if not (first == "_" or first.isalpha()):
            return [(unit, NUMBER if unit == "1" else SIGN) for unit in (token if same is None else same).split()], []
        if token in _KEYWORDS:
            return [(token, SIGN)], []
        if same is None:
            return [(token, IDENTIFIER)], _subwords(token)
        units = [(unit, SIGN if unit in _KEYWORDS or unit == "fn" else IDENTIFIER) for unit in same.split()]
        return units, [] if same in ("", "fn") else _subwords(token)


def _subwords(text: str) -> list[str]:
    return [word.lower() for word in _SUBWORDS.findall(text)]


def _shape(language: str | None) -> Shape:
    return LANGUAGES.get(language).shape if language in LANGUAGES.names() else BRACES


@cache
def pattern(shape: Shape) -> re.Pattern[str]:
    """Splits code into comments, strings, names, numbers and signs; the only group is the token.

    Names come first, because most tokens are names; no other token begins like one. Blanks before a token are part of
    the match, because the search tries everything at each blank; they are limited to stay linear.
    """
    comment = rf"{re.escape(shape.line_comment)}[^\n]*+"
    if shape.block_comment:
        opening, closing = map(re.escape, shape.block_comment)
        comment += rf"|{opening}(?:(?!{closing})[\s\S])*+(?:{closing})?"
    long = "|".join(rf"{quote}(?:(?!{quote})[\s\S])*+(?:{quote})?" for quote in ('"""', "'''"))
    short = r""""(?:[^"\\\n]|\\[\s\S])*+"?|'(?:[^'\\\n]|\\.){0,200}+'|`(?:[^`\\]|\\[\s\S])*+`?"""
    signs = (
        r">>>=|<<=|>>=|\.\.\.|===|!==|\*\*=|//=|&&|\|\||\+\+|--|->|=>|::|:=|==|!=|<=|>=|\+=|-=|\*=|/=|%=|&=|\|=|\^="
        r"|<<|>>|\*\*|//|\?\.|\?\?|[-+*/%&|^~!<>=?:;,.(){}\[\]@#$\\]"
    )
    number = r"\d(?:[\w.]|(?<=[eE])[+-])*+"
    return re.compile(rf"\s{{0,{MOST_BLANKS}}}+([^\W\d]\w*+|{comment}|{long}|{short}|{number}|{signs})")
