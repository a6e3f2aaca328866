"""Texts that are nested so deeply that parsing them would take too long or need too much memory."""

import re
from itertools import accumulate

from avatar.code.languages import LANGUAGES

MAX_NESTING = 500
"""Deepest nesting of brackets or signs, and most angle brackets in a statement if the grammar is slow with them."""

_STEP = {**dict.fromkeys(b"([{", 1), **dict.fromkeys(b")]}", -1)}
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"([{)]}")
_SIGNS = bytes(code in b"-*&!~+<" for code in range(256))
_TOO_MANY_SIGNS = b"\1" * 2000  # longer than decorative comment lines


def is_too_nested(content: bytes, language: str) -> bool:
    """Whether tree-sitter's time or memory would grow with the square of the content's size.

    This happens with nested brackets and signs in all grammars, and with many angle brackets in some.
    """
    if max(accumulate(map(_STEP.__getitem__, content.translate(None, _NO_BRACKETS))), default=0) > MAX_NESTING:
        return True
    if _TOO_MANY_SIGNS in content.translate(_SIGNS, b" \t\n\r\f\v"):
        return True
    if not LANGUAGES.get(language).slow_brackets or content.count(b"<") <= MAX_NESTING:
        return False
    return max(statement.count(b"<") for statement in re.split(rb"[;{}]", content)) > MAX_NESTING
