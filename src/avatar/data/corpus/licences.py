"""Which licences allow code to be used for training weights that are shipped."""

import re

from avatar.code.languages.base import words
from avatar.common.errors import DataError, did_you_mean

PERMISSIVE = words(
    """
    0BSD Apache-2.0 BSD-1-Clause BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 FTL HPND ICU ISC MIT MIT-0 NCSA OpenSSL
    PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Unicode-3.0 Unlicense WTFPL Zlib blessing curl libpng-2.0 libtiff
    """
)
"""SPDX identifiers of licences without conditions on derived works, except a notice."""

_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def is_permissive(expression: str) -> bool:
    """Whether an SPDX licence expression can be fulfilled with licences of `PERMISSIVE` only.

    `A OR B` needs one of them, `A AND B` both. An expression that is not SPDX is a DataError.
    """
    tokens = _TOKEN.findall(expression)
    result = _any_of(tokens, expression)
    if tokens:
        raise _not_spdx(expression)
    return result


def _any_of(tokens: list[str], expression: str) -> bool:
    result = _all_of(tokens, expression)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        result = _all_of(tokens, expression) or result
    return result


def _all_of(tokens: list[str], expression: str) -> bool:
    result = _one(tokens, expression)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        result = _one(tokens, expression) and result
    return result


def _one(tokens: list[str], expression: str) -> bool:
    token = tokens.pop(0) if tokens else ""
    if token == "(":
        result = _any_of(tokens, expression)
        if not tokens or tokens.pop(0) != ")":
            raise _not_spdx(expression)
        return result
    if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", token) or token in {"OR", "AND", "WITH"}:
        raise _not_spdx(expression)
    if tokens and tokens[0] == "WITH":  # an exception only gives additional permissions
        del tokens[:2]
    return token in PERMISSIVE


def _not_spdx(expression: str) -> DataError:
    return DataError(
        f"the licence '{expression}' is not an SPDX expression",
        f"write for example 'MIT' or 'Apache-2.0 OR MIT'; {did_you_mean(expression, PERMISSIVE)}",
    )
