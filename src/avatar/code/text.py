"""The one text of a function: what students are trained on, and what they are asked with.

The same function comes with line ends of Windows, a byte order mark, the margin of its class, tabs, or a comment above
it. All of these give one text here, so a student gives one answer. Readers, rewritten copies, scan, predict, the editor
and HTTP call `function_text`; a bundle records the `TextRules` of its training.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from avatar.code.languages import LANGUAGES
from avatar.code.shape import BRACES, Shape

VERSION = 1
"""Of what `function_text` does; version 0 leaves a text as it is."""

KEPT, REMOVED = "kept", "removed"

_MARKS = re.compile("[\ufeff\u200b\u2060]")
_LEAD = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class TextRules:
    """How the functions of a data set were made ready: `docstrings` are kept or removed; comments inside stay."""

    docstrings: str = KEPT
    version: int = VERSION

    def problems(self) -> list[str]:
        """What is wrong with these values, a sentence each; empty where nothing is."""
        found = []
        if self.version not in range(VERSION + 1):
            found.append(f"text.version is {self.version}, this program knows 0 to {VERSION}")
        if self.docstrings not in (KEPT, REMOVED):
            found.append(f"text.docstrings is {self.docstrings!r}, not {KEPT} or {REMOVED}")
        return found

    @classmethod
    def from_dict(cls, values: Any) -> "TextRules":
        """The rules of a dictionary; a wrong key or type is a ValueError."""
        if not isinstance(values, dict) or set(values) != {"docstrings", "version"}:
            raise ValueError(f"text is {values!r}, not an object with docstrings and version")
        if type(values["version"]) is not int:
            raise ValueError(f"text.version is {values['version']!r}, not a whole number")
        return cls(str(values["docstrings"]), values["version"])


DOCSTRINGS_KEPT = TextRules()
"""The rules of most data sets."""

AS_IT_IS = TextRules(version=0)
"""The rules of bundles that record none: predict took every text as it was."""


def clean(text: str) -> str:
    """`text` with line feeds as line ends, without byte order marks and zero-width spaces; other spaces are plain.

    Lines keep their numbers, as editors count them.
    """
    if not text.isascii():
        text = _MARKS.sub("", text).replace("\u00a0", " ")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\f", " ").replace("\v", " ")


def function_text(text: str, rules: TextRules = DOCSTRINGS_KEPT, language: str | None = None) -> str:
    """The text of a function, in any of the ways in which it may come, ready for a tokenizer.

    `clean`; without comments above and below the function, and by `rules` without docstring; no space at the end of
    lines; tabs before a line's text are spaces; at the left margin, also where only the first line stands there; one
    line feed at the end. Doing it twice changes nothing. Takes any text and linear time. Where `language` is None,
    the text itself tells as far as needed; an unknown one is a ConfigError.
    """
    if not rules.version:
        return text
    text = clean(text)
    shape = _shape(text, language)
    lines = _without_surroundings(text, shape).split("\n")
    if rules.docstrings == REMOVED and shape.without_docstring is not None:
        lines = shape.without_docstring(lines)
    return _at_the_margin(lines, shape)


def as_scanned_before(text: str, language: str) -> str:
    """What scan and the editor gave to students whose bundles record no rules: at the margin, without docstring."""
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
    found = _LEAD.match(line)
    return found.group() if found else ""


def _without_surroundings(text: str, shape: Shape) -> str:
    """`text` without comments and blank lines before and after the function; all of it where nothing else is there."""
    found = _patterns(shape).before.match(text)
    start = found.end() if found else 0
    if start == len(text):
        return text
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start]
    text = text[line:] if before.isspace() or not before else _lead(before) + text[start:]
    return text[: _end_of_code(text, shape)]


def _end_of_code(text: str, shape: Shape) -> int:
    """Where the function ends: in languages with braces at the last one, if nothing but comments comes after it."""
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
    for found in _patterns(shape).pieces.finditer(text):
        if found.lastgroup != "comment":
            code = found.end()
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
    """What matches blank lines and comments at the start of a text, and its pieces: comments, strings, the rest."""
    comment = rf"{re.escape(shape.line_comment)}(?:\\\n|[^\n])*+"
    if shape.block_comment is not None:
        opening, closing = map(re.escape, shape.block_comment)
        comment += rf"|{opening}(?:(?!{closing})[\s\S])*+(?:{closing}|\Z)"
    string = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""
    return _Patterns(
        re.compile(rf"(?:\s*+(?:{comment}))*+\s*+"),
        re.compile(rf"(?P<comment>{comment})|{string}|[\w{{}}();,.][\w{{}}();,. \t]*+|\S", re.DOTALL),
    )


def _at_the_margin(lines: Sequence[str], shape: Shape) -> str:
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
    """Tabs in front of a line's text become spaces: 4 each, or up to multiples of 8 where other lines have spaces."""
    if not any("\t" in line for line in lines):
        return lines
    leads = [_lead(line) for line in lines]
    width = 8 if any(len(lead) > 1 and "\t" not in lead for lead in leads) else 4
    return [lead.expandtabs(width) + line[len(lead) :] for lead, line in zip(leads, lines, strict=True)]
