"""The functions of a source text, broken code included: what can be parsed is found, the rest is said in a note."""

import re
from dataclasses import dataclass

import numpy as np
from tree_sitter import Node, Parser, QueryCursor

from avatar.code.languages import LANGUAGES
from avatar.code.parsing import compiled, load, reserved
from avatar.code.text import DOCSTRINGS_KEPT, TextRules, as_scanned_before, clean, function_text
from avatar.common.errors import DataError

MAX_SOURCE_BYTES = 1_000_000
"""Longer sources are refused: people don't write them."""

MAX_NESTING = 500
"""Brackets or signs within each other, and angle brackets in one statement where a grammar is slow with them."""

_STEP = np.zeros(256, dtype=np.int32)
_STEP[list(b"([{")] = 1
_STEP[list(b")]}")] = -1
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"([{)]}")
_SIGNS = bytes(code in b"-*&!~+<" for code in range(256))
_TOO_MANY_SIGNS = b"\1" * 2000  # more than banners of comments have


@dataclass(frozen=True, slots=True)
class SourceFunction:
    """An outermost function or method.

    `name` is qualified by its classes and namespaces. Lines count from 1, both ends included; decorators belong
    to the function, and in C++ what makes it a template. `text` is by the `TextRules` that were asked for.
    """

    name: str
    first_line: int
    last_line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """Functions in source order; `note` says what may be missing, and is empty where the code is sound."""

    functions: tuple[SourceFunction, ...]
    note: str = ""


def functions_of(source: str, language: str, rules: TextRules = DOCSTRINGS_KEPT) -> Outline:
    """The outermost functions and methods of `source`, each with what is nested in it, its text by `rules`.

    Where the grammar finds errors, the one that the language falls back to is tried as well (a header may be
    C++), and the better reading is taken. More than `MAX_SOURCE_BYTES` of UTF-8 are a DataError.
    """
    content = (clean(source) if rules.version else source).encode("utf-8", "replace")
    if len(content) > MAX_SOURCE_BYTES:
        raise DataError(f"the source has {len(content)} bytes, more than {MAX_SOURCE_BYTES}", "split it up")
    if _is_bomb(content, language):
        return Outline((), "left out: nested deeper than anybody writes")
    root = _root(content, language)
    found = _found(root, content, language, rules)
    other = LANGUAGES.get(language).fallback
    if root.has_error and other is not None:
        second = _root(content, other)
        better = _found(second, content, other, rules)
        if not second.has_error or len(better) > len(found):
            root, found = second, better
    if not root.has_error:
        return Outline(tuple(one for one, _ in found))
    cut = sum(broken for _, broken in found)
    return Outline(
        tuple(one for one, _ in found),
        "syntax errors, functions may be missing" + (f"; {cut} function(s) may be cut wrong" if cut else ""),
    )


def _root(content: bytes, language: str) -> Node:
    hide_macros = LANGUAGES.get(language).hide_macros
    return Parser(load(language)).parse(hide_macros(content) if hide_macros else content).root_node


def _is_bomb(content: bytes, language: str) -> bool:
    """Whether tree-sitter would take time or memory that grow with the square of these few bytes.

    All grammars do for brackets and signs within each other, some for angle brackets side by side as well.
    """
    steps = _STEP[np.frombuffer(content.translate(None, _NO_BRACKETS), dtype=np.uint8)]
    if int(np.cumsum(steps).max(initial=0)) > MAX_NESTING:
        return True
    if _TOO_MANY_SIGNS in content.translate(_SIGNS, b" \t\n\r\f\v"):
        return True
    if not LANGUAGES.get(language).slow_brackets or content.count(b"<") <= MAX_NESTING:
        return False
    return max(statement.count(b"<") for statement in re.split(rb"[;{}]", content)) > MAX_NESTING


def _found(root: Node, content: bytes, language: str, rules: TextRules) -> list[tuple[SourceFunction, bool]]:
    """Functions, and whether there is an error inside."""
    declared = LANGUAGES.get(language)
    nodes = QueryCursor(compiled(language, declared.functions)).captures(root)
    outer = [(node, False) for node in nodes.get("scope", [])]
    inner = [(node, True) for node in nodes.get("function", [])]
    found: list[tuple[SourceFunction, bool]] = []
    scopes: list[tuple[int, str]] = []
    end = 0
    for node, is_function in sorted(outer + inner, key=lambda one: (one[0].start_byte, -one[0].end_byte)):
        if node.start_byte < end:
            continue  # inside a function
        while scopes and scopes[-1][0] <= node.start_byte:
            scopes.pop()
        name = " ".join(declared.name_of(node).split())
        if not is_function:
            scopes.append((node.end_byte, name))
            continue
        if not name or name in reserved(language):
            continue  # error recovery reads `if (x) {` as a function that is called if
        end = node.end_byte
        qualified = declared.separator.join([*(scope for _, scope in scopes), name])
        one = SourceFunction(
            qualified,
            node.start_point.row + 1,
            node.end_point.row + 1,
            language,
            _text(node, content, language, rules),
        )
        found.append((one, node.has_error))
    return found


def _text(node: Node, content: bytes, language: str, rules: TextRules) -> str:
    """The function's lines from the left margin on; where other code stands before it, as if it did not."""
    while not rules.version and node.type == "template_declaration":
        node = node.named_children[-1]  # as scan cut functions out before there were rules
    start, end = node.start_byte, node.end_byte
    line = content.rfind(b"\n", 0, start) + 1
    before = content[line:start]
    lead = before[: len(before) - len(before.lstrip(b" \t"))]
    shape = LANGUAGES.get(language).shape
    if rules.version and not shape.closing:  # a comment beside the last statement belongs to it
        stop = content.find(b"\n", end)
        rest = content[end : stop if stop >= 0 else len(content)]
        end += len(rest) if rest.lstrip().startswith(shape.line_comment.encode()) else 0
    text = (lead + content[start:end]).decode("utf-8", "replace")
    if rules.version:
        return function_text(text, rules, language)
    return as_scanned_before(text if not before.strip() else text.removeprefix(lead.decode()), language)
