"""Syntax trees by tree-sitter's grammars, which are loaded on first use."""

import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import tree_sitter
from tree_sitter import Node, Parser, Query, QueryCursor

from avatar.code.languages import LANGUAGES, Language
from avatar.code.nesting import is_too_nested
from avatar.common.errors import AvatarError

MAX_BYTES = 100_000
"""Longer texts are not parsed: no model reads that far, and parsing them takes long."""

SECONDS = 5.0
"""CPU time after which parsing is cancelled. Usual code needs 0.05 s for `MAX_BYTES`, some texts would need minutes."""


_PIECE = 1 << 16


@dataclass(frozen=True)
class Parsed:
    """A text without syntax errors. `source` is the parsed UTF-8, with the language's wrapper if needed."""

    root: Node
    source: bytes
    language: Language
    before: int = 0
    after: int = 0

    def unwrap(self, source: bytes) -> str:
        """The text of a changed `source`, without the wrapper."""
        return source[self.before : len(source) - self.after].decode("utf-8")


def parse(code: str, language: str) -> Parsed | None:
    """`code` as a syntax tree; None if it is longer than `MAX_BYTES` or no grammar parses it without errors.

    A text that needs more than `SECONDS` has no tree either.
    """
    if len(code) > MAX_BYTES:
        return None
    source = code.encode("utf-8", "replace")
    if len(source) > MAX_BYTES or len(source.decode()) != len(code):
        return None
    deadline = time.thread_time() + SECONDS
    name: str | None = language
    while name is not None:
        reader = LANGUAGES.get(name)
        doubtful: Parsed | None = None
        wrapper = () if reader.wrapper is None else (reader.wrapper,)
        for before, after in (("", ""), *wrapper, *reader.other_wrappers):
            text = before.encode() + source + after.encode()
            root = _root(text, name, deadline)
            if root is None:
                return None
            if root.has_error:
                continue
            parsed = Parsed(root, text, reader, len(before), len(after))
            if not reader.misread or not captures(parsed, reader.misread):
                return parsed
            doubtful = doubtful or parsed
        if doubtful is not None:
            return doubtful
        name = reader.fallback
    return None


def parse_with_errors(code: str, language: str) -> Parsed | None:
    """Like `parse`, but a text with syntax errors has a tree too, by the language's own grammar without a wrapper.

    None if the text is longer than `MAX_BYTES`, is nested too deeply, or needs more than `SECONDS`.
    """
    source = code.encode("utf-8", "replace")
    if len(source) > MAX_BYTES or is_too_nested(source, language):
        return None
    reader, deadline = LANGUAGES.get(language), time.thread_time() + SECONDS
    plain: Parsed | None = None
    for before, after in (("", ""), *(() if reader.wrapper is None else (reader.wrapper,)), *reader.other_wrappers):
        text = before.encode() + source + after.encode()
        root = _root(text, language, deadline)
        if root is None:
            return plain
        parsed = Parsed(root, text, reader, len(before), len(after))
        if not root.has_error and not (reader.misread and captures(parsed, reader.misread)):
            return parsed
        plain = plain or parsed
    return plain


def _root(text: bytes, language: str, deadline: float) -> Node | None:
    """The root of the syntax tree; None if the parser has not ended at `deadline`, in the thread's CPU time."""
    try:
        tree = Parser(load(language)).parse(
            lambda offset, _: text[offset : offset + _PIECE],
            progress_callback=lambda _, __: time.thread_time() > deadline,
        )
    except ValueError:  # cancelled
        return None
    return tree.root_node


@cache
def load(language: str) -> tree_sitter.Language:
    """The grammar of a registered language; an AvatarError if its wheel is not installed."""
    declared = LANGUAGES.get(language)
    try:
        return tree_sitter.Language(getattr(import_module(declared.package), declared.grammar)())
    except ImportError as error:
        wheel = declared.package.replace("_", "-")
        raise AvatarError(f"the grammar of {language} is not installed", f"pip install {wheel}") from error


@cache
def compiled(language: str, query: str) -> Query:
    """A query, compiled once for each language."""
    return Query(load(language), query)


def captures(parsed: Parsed, query: str) -> dict[str, list[Node]]:
    """The nodes that `query` matches, by capture name."""
    return QueryCursor(compiled(parsed.language.name, query)).captures(parsed.root)


@cache
def reserved(language: str) -> frozenset[str]:
    """Words that no variable may be called: the grammar's keywords, and `Language.words`."""
    grammar = load(language)
    kinds = (
        grammar.node_kind_for_id(kind)
        for kind in range(grammar.node_kind_count)
        if not grammar.node_kind_is_named(kind)
    )
    return LANGUAGES.get(language).words | {kind for kind in kinds if kind is not None and kind.isidentifier()}
