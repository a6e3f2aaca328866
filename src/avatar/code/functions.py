"""The functions of a source text, also with syntax errors: a note reports what could not be parsed."""

import re
from bisect import bisect
from dataclasses import dataclass

from tree_sitter import Node, Parser, QueryCursor

from avatar.code.function_forms import first_statement, form_of
from avatar.code.languages import LANGUAGES
from avatar.code.nesting import is_too_nested
from avatar.code.parsing import compiled, load, reserved
from avatar.code.text import DOCSTRINGS_KEPT, TextRules, as_scanned_before, clean, function_text
from avatar.common.errors import DataError

MAX_SOURCE_BYTES = 1_000_000
"""Longer sources are refused: they are not written by people."""

_LONE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class SourceFunction:
    """An outermost function or method.

    `name` is qualified by its classes and namespaces. Lines count from 1, both ends included; decorators, and in C++
    the template header, belong to the function. `text` is normalised by the given `TextRules`. `form` is a value of
    `avatar.code.function_forms.Form`; empty for most functions. `body_line`: the line of the first statement.
    """

    name: str
    first_line: int
    last_line: int
    language: str
    text: str
    form: str = ""
    body_line: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """Functions in source order; `note` says what may be missing, and is empty if there are no syntax errors."""

    functions: tuple[SourceFunction, ...]
    note: str = ""


def functions_of(source: str, language: str, rules: TextRules = DOCSTRINGS_KEPT) -> Outline:
    """The outermost functions and methods of `source`; `rules` normalise their texts.

    If the grammar finds errors, the grammar of the fallback language is tried too (a header may be C++), and the
    better result is returned. More than `MAX_SOURCE_BYTES` of UTF-8 are a DataError.
    """
    content = (clean(source) if rules.version else source).encode("utf-8", "replace")
    if len(content) > MAX_SOURCE_BYTES:
        raise DataError(
            f"the source has {len(content)} bytes, more than {MAX_SOURCE_BYTES}", "split it into smaller files"
        )
    if is_too_nested(content, language):
        return Outline((), "left out: brackets or signs are nested too deeply")
    root = _root(content, language)
    functions = _functions(root, content, language, rules)
    other = LANGUAGES.get(language).fallback
    if root.has_error and other is not None:
        second = _root(content, other)
        better = _functions(second, content, other, rules)
        if not second.has_error or len(better) > len(functions):
            root, functions = second, better
    if not root.has_error:
        return Outline(tuple(one for one, _ in functions))
    cut = sum(broken for _, broken in functions)
    return Outline(
        tuple(one for one, _ in functions),
        "syntax errors, functions may be missing"
        + (f"; {cut} function(s) may begin or end at a wrong line" if cut else ""),
    )


def _root(content: bytes, language: str) -> Node:
    hide_macros = LANGUAGES.get(language).hide_macros
    return Parser(load(language)).parse(hide_macros(content) if hide_macros else content).root_node


def _functions(root: Node, content: bytes, language: str, rules: TextRules) -> list[tuple[SourceFunction, bool]]:
    """Functions, and whether each contains a syntax error."""
    declared = LANGUAGES.get(language)
    returns = [match.start() for match in _LONE_RETURN.finditer(content)]  # line ends that the grammar does not count
    nodes = QueryCursor(compiled(language, declared.functions)).captures(root)
    outer = [(node, False) for node in nodes.get("scope", [])]
    inner = [(node, True) for node in nodes.get("function", [])]
    functions: list[tuple[SourceFunction, bool]] = []
    scopes: list[tuple[int, str]] = []
    end = 0
    for node, is_function in sorted(outer + inner, key=lambda one: (one[0].start_byte, -one[0].end_byte)):
        if node.start_byte < end:
            continue  # inside a function
        while scopes and scopes[-1][0] <= node.start_byte:
            scopes.pop()
        name = " ".join(declared.name_of(node).split())
        if not is_function:
            if name:
                scopes.append((node.end_byte, name))
            continue
        if not name or (root.has_error and name in reserved(language)):
            continue  # error recovery reads `if (x) {` as a function with the name if
        end = node.end_byte
        qualified = declared.separator.join([*(scope for _, scope in scopes), name])
        first = first_statement(node) or node
        one = SourceFunction(
            qualified,
            node.start_point.row + 1 + bisect(returns, node.start_byte),
            node.end_point.row + 1 + bisect(returns, node.end_byte),
            language,
            _text(node, content, language, rules),
            form_of(node, qualified, declared) or "",
            first.start_point.row + 1 + bisect(returns, first.start_byte),
        )
        functions.append((one, node.has_error))
    return functions


def _text(node: Node, content: bytes, language: str, rules: TextRules) -> str:
    """The function's text. Other code before it on its first line is left out."""
    while not rules.version and node.type == "template_declaration":
        node = node.named_children[-1]  # bundles without rules: scan left the template header out
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
