"""The normalised text of a function, for training and for prediction.

The same function may have line ends of Windows, a byte order mark, the indentation of its class, tabs, or a comment
above it. All of these give the same text here, so a student gives the same answer. Readers, rewritten copies, scan,
predict, the editor and HTTP call `function_text`; a bundle records the `TextRules` of its training.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from avatar.code.languages import LANGUAGES
from avatar.code.shape import BRACES, Shape

VERSION = 1
"""Version of the rules of `function_text`; version 0 does not change a text."""

KEPT, REMOVED = "kept", "removed"

_MARKS = re.compile("[\ufeff\u200b\u2060]")
_LEAD = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class TextRules:
    """How the functions of a data set were normalised: `docstrings` are kept or removed; comments inside are kept."""

    docstrings: str = KEPT
    version: int = VERSION

    def problems(self) -> list[str]:
        """One sentence for each wrong value; empty if all are valid."""
        sentences = []
        if self.version not in range(VERSION + 1):
            sentences.append(f"text.version is {self.version}, this program knows 0 to {VERSION}")
        if self.docstrings not in (KEPT, REMOVED):
            sentences.append(f"text.docstrings is {self.docstrings!r}, not {KEPT} or {REMOVED}")
        return sentences

    @classmethod
    def from_dict(cls, values: Any) -> "TextRules":
        """The rules from a dictionary; a wrong key or type is a ValueError."""
        if not isinstance(values, dict) or set(values) != {"docstrings", "version"}:
            raise ValueError(f"text is {values!r}, not an object with docstrings and version")
        if type(values["version"]) is not int:
            raise ValueError(f"text.version is {values['version']!r}, not a whole number")
        return cls(str(values["docstrings"]), values["version"])


DOCSTRINGS_KEPT = TextRules()
"""The rules of most data sets."""

AS_IT_IS = TextRules(version=0)
"""The rules of bundles that record none: `predict` did not change a text."""


def clean(text: str) -> str:
    """`text` with line feeds as line ends, plain spaces, and no byte order marks or zero-width spaces.

    Line numbers do not change.
    """
    if not text.isascii():
        text = _MARKS.sub("", text).replace("\u00a0", " ")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\f", " ").replace("\v", " ")


def function_text(text: str, rules: TextRules = DOCSTRINGS_KEPT, language: str | None = None) -> str:
    """The normalised text of a function, ready for a tokenizer.

    Applies `clean`; removes comments above and below the function and, by `rules`, the docstring; removes spaces at
    line ends; replaces tabs in the indentation by spaces; moves the function to column 0, also if only its first line
    is there; ends with one line feed. Idempotent, in linear time, for any text. If `language` is None, it is guessed
    from the text; an unknown language is a ConfigError.
    """
    if not rules.version:
        return text
    text = clean(text)
    shape = _shape(text, language)
    lines = _without_surroundings(text, shape).split("\n")
    if rules.docstrings == REMOVED and shape.without_docstring is not None:
        lines = shape.without_docstring(lines)
    return _at_column_0(lines, shape)


def as_scanned_before(text: str, language: str) -> str:
    """The text by the rules of scan and the editor for bundles that record none: at column 0, without docstring."""
    shape = LANGUAGES.get(language).shape
    lines = text.replace("\r\n", "\n").split("\n")
    if shape.without_docstring is not None:
        lines = shape.without_docstring(lines)
    lead = _lead(lines[0])
    return "\n".join(line.removeprefix(lead).rstrip() for line in lines) + "\n"


def _shape(text: str, language: str | None) -> Shape:
    if language is not None:
        return LANGUAGES.get(language).shape
    shapes = (LANGUAGES.get(name).shape for name in LANGUAGES.names())
    return next((shape for shape in shapes if shape.recognised is not None and shape.recognised(text)), BRACES)


def _lead(line: str) -> str:
    match = _LEAD.match(line)
    return match.group() if match else ""


def _without_surroundings(text: str, shape: Shape) -> str:
    """`text` without comments and blank lines before and after the function; unchanged if it holds nothing else."""
    match = _patterns(shape).before.match(text)
    start = match.end() if match else 0
    if start == len(text):
        return text
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start]
    text = text[line:] if before.isspace() or not before else _lead(before) + text[start:]
    return text[: _end_of_code(text, shape)]


def _end_of_code(text: str, shape: Shape) -> int:
    """Offset of the function's end: with braces, after the last one, if only comments follow it."""
    if not shape.closing:
        end = len(text)
        while (line := text.rfind("\n", 0, end)) >= 0 and _is_no_code(text[line:end], shape.line_comment):
            end = line
        return end
    end = len(text.rstrip())
    last = text[text.rfind("\n", 0, end) + 1 : end]
    if last.endswith(shape.closing) and shape.line_comment not in last:
        return end
    code = 0
    for piece in _patterns(shape).pieces.finditer(text):
        if piece.lastgroup != "comment":
            code = piece.end()
    return code if text[:code].rstrip().endswith(shape.closing) else end


def _is_no_code(line: str, comment: str) -> bool:
    text = line.strip()
    return not text or text.startswith(comment)


@dataclass(frozen=True)
class _Patterns:
    before: re.Pattern[str]
    pieces: re.Pattern[str]


@cache
def _patterns(shape: Shape) -> _Patterns:
    """Patterns for the blank lines and comments at the start of a text, and for its pieces."""
    comment = rf"{re.escape(shape.line_comment)}(?:\\\n|[^\n])*+"
    if shape.block_comment is not None:
        opening, closing = map(re.escape, shape.block_comment)
        comment += rf"|{opening}(?:(?!{closing})[\s\S])*+(?:{closing}|\Z)"
    string = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""
    if shape.long_quote:
        quote = re.escape(shape.long_quote)
        string += rf"|{quote}(?:[^{quote}\\]|\\.)*+{quote}"
    return _Patterns(
        re.compile(rf"(?:\s*+(?:{comment}))*+\s*+"),
        re.compile(rf"(?P<comment>{comment})|{string}|[\w{{}}();,.][\w{{}}();,. \t]*+|\S", re.DOTALL),
    )


def _at_column_0(lines: Sequence[str], shape: Shape) -> str:
    lines = [line.rstrip() for line in lines]
    filled = [row for row, line in enumerate(lines) if line]
    if not filled:
        return ""
    lines = _with_spaces(lines[filled[0] : filled[-1] + 1])
    if lead := _lead(lines[0]):
        lines = [line.removeprefix(lead) for line in lines]
    if shape.realigned is not None:
        lines = shape.realigned(lines)
    elif lines[-1].lstrip().startswith(shape.closing) and (lead := _lead(lines[-1])):
        lines[1:] = [line.removeprefix(lead) for line in lines[1:]]
    return "\n".join(lines) + "\n"


def _with_spaces(lines: list[str]) -> list[str]:
    """Replaces tabs in the indentation by spaces: tab width 8 if other lines are indented by spaces, else 4."""
    if not any("\t" in line for line in lines):
        return lines
    leads = [_lead(line) for line in lines]
    width = 8 if any(len(lead) > 1 and "\t" not in lead for lead in leads) else 4
    return [lead.expandtabs(width) + line[len(lead) :] for lead, line in zip(leads, lines, strict=True)]
