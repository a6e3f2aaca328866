"""The tokens of a function without comments and docstrings, and how similar two functions are by them."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import pairwise

from avatar.code.languages import LANGUAGES, family
from avatar.code.text import REMOVED, TextRules, function_text

_RULES = TextRules(docstrings=REMOVED)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_STRINGS = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""


def code_tokens(code: str, language: str) -> list[str]:
    """Words and signs of a function, without its comments and docstring."""
    text = function_text(code, _RULES, language)
    return _TOKEN.findall(_comments(language).sub(lambda match: match["text"] or " ", text))


def digest(tokens: Sequence[str], language: str) -> str:
    """Digest of a function's tokens and the family of its language; equal for copies with another layout."""
    return blake2b(f"{family(language)} {' '.join(tokens)}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def similarity(first: Sequence[str], second: Sequence[str]) -> float:
    """Dice coefficient of the multisets of neighbouring tokens: 1 for equal functions, 0 without a common pair."""
    one, two = Counter(pairwise(first)), Counter(pairwise(second))
    total = one.total() + two.total()
    return 2 * (one & two).total() / total if total else 1.0


@cache
def _comments(language: str) -> re.Pattern[str]:
    """Matches comments, and strings (as `text`), in which no comment begins."""
    shape = LANGUAGES.get(language).shape
    comment = rf"{re.escape(shape.line_comment)}[^\n]*+"
    if shape.block_comment is not None:
        opening, closing = map(re.escape, shape.block_comment)
        comment += rf"|{opening}(?:(?!{closing})[\s\S])*+(?:{closing}|\Z)"
    return re.compile(rf"(?P<text>{_STRINGS})|{comment}")
