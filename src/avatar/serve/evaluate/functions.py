"""The functions of a file of examples, and their vectors by a student."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.code.languages import LANGUAGES
from avatar.common.logging import progress
from avatar.serve.languages import language_warnings
from avatar.serve.predictor import Predictor
from avatar.tables.fields import code_field, language_field

AT_ONCE = 256
"""Functions that are encoded between two reports of the progress."""


@dataclass(frozen=True)
class CodeText:
    """A function as it is in the file, and the name of its language, "" if unknown."""

    code: str
    language: str = ""

    @property
    def known_language(self) -> str | None:
        """The language if Avatar can read it."""
        return self.language if self.language in LANGUAGES.names() else None


def code_of(row: Mapping[str, Any], field: str, columns: Mapping[str, str], where: str, language: str) -> CodeText:
    """The function in the column of `field`. Its language is in the column of `language`, else it is `language`."""
    name = language_field(row, columns["language"], where) if "language" in columns else ""
    name = name or language
    function = CodeText(row.get(columns[field], ""), name)
    code_field(row, columns[field], where, function.known_language)  # raises if it is not a function's text
    return function


@dataclass(frozen=True)
class Encoded:
    """`vectors` (n, row_size) are what `Predictor.encode_texts` gives for n functions, `lengths` (n,) those of their
    texts, and `warnings` are about languages.

    `texts` are what the student reads: equal texts are one function to it.
    """

    vectors: NDArray[np.float32]
    lengths: NDArray[np.int64]
    texts: tuple[str, ...]
    warnings: tuple[str, ...]


def encoded(predictor: Predictor, functions: Sequence[CodeText]) -> Encoded:
    """Vectors of functions by a student; each distinct one is encoded once. The progress is shown."""
    distinct = {function: row for row, function in enumerate(dict.fromkeys(functions))}
    rows = np.asarray([distinct[function] for function in functions], dtype=np.int64)
    listed = list(distinct)
    texts: list[str] = []
    vectors = np.empty((len(listed), predictor.row_size), dtype=np.float32)
    starts = range(0, len(listed), AT_ONCE)
    for start in progress(starts, f"encoding {len(listed):,} functions in steps of {AT_ONCE}", len(starts)):
        part = listed[start : start + AT_ONCE]
        texts += [predictor.text(function.code, function.known_language) for function in part]
        languages = [function.known_language for function in part]
        vectors[start : start + AT_ONCE] = predictor.encode_texts(texts[start:], languages)
    lengths = np.asarray([len(text) for text in texts], dtype=np.int64)
    warnings = language_warnings(predictor.config, {function.known_language for function in listed})
    return Encoded(vectors[rows], lengths[rows], tuple(texts[row] for row in rows.tolist()), warnings)
