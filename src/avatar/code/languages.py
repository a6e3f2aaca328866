"""The programming languages that can be parsed: tree-sitter grammars, each loaded when it is first needed."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import Language, Node, Parser, Query, QueryCursor

from avatar.code.queries import (
    C_FUNCTIONS,
    C_LOCALS,
    CPP_FUNCTIONS,
    CPP_LOCALS,
    JAVA_FUNCTIONS,
    JAVA_LOCALS,
    PYTHON_FUNCTIONS,
    PYTHON_LOCALS,
)
from avatar.common.errors import AvatarError
from avatar.common.registry import Registry

MAX_BYTES = 100_000
"""Longer texts are not parsed: no model reads that far, and nobody should wait for it."""


@dataclass(frozen=True)
class Grammar:
    """One language: the wheel with its grammar, the queries that find functions and their variables, its files.

    Text that this grammar cannot read is tried between the two parts of `wrapper` (a Java constructor needs
    its class), then with the grammar `fallback`. `hoisted`: a variable belongs to its whole scope, not only
    to what follows its declaration. `words` are reserved, beside those that the grammar itself names.
    """

    name: str
    package: str
    locals_query: str
    functions_query: str
    suffixes: tuple[str, ...]
    wrapper: tuple[str, str] | None = None
    fallback: str | None = None
    hoisted: bool = False
    words: frozenset[str] = frozenset()


LANGUAGES: Registry[Grammar] = Registry("language")

_C_WORDS = """
NULL TRUE FALSE EOF alignas alignof asm atomic bool char char16_t char32_t char8_t complex constexpr double errno float
imaginary inline int int16_t int32_t int64_t int8_t intptr_t long main max_align_t noreturn nullptr nullptr_t offsetof
ptrdiff_t restrict short signed size_t ssize_t stderr stdin stdout thread_local typeof uint uint16_t uint32_t uint64_t
uint8_t uintptr_t unsigned void volatile wchar_t
and and_eq auto bitand bitor class compl concept const_cast delete dynamic_cast explicit export friend mutable namespace
new not not_eq operator or or_eq private protected public reinterpret_cast std template this throw try typeid typename
using virtual xor xor_eq
"""
"""Of C and C++ together: what is valid in one should not become a keyword when it is read as the other."""
_JAVA_WORDS = "assert const enum goto native null strictfp true false transient void volatile"
_PYTHON_WORDS = "None True False case cls match print self super type"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES.register("java")(
    Grammar(
        "java",
        "tree_sitter_java",
        JAVA_LOCALS,
        JAVA_FUNCTIONS,
        (".java",),
        wrapper=("class Holder {\n", "\n}"),
        words=_words(_JAVA_WORDS),
    )
)
LANGUAGES.register("c")(
    Grammar("c", "tree_sitter_c", C_LOCALS, C_FUNCTIONS, (".c", ".h"), fallback="cpp", words=_words(_C_WORDS))
)
LANGUAGES.register("cpp")(
    Grammar(
        "cpp",
        "tree_sitter_cpp",
        CPP_LOCALS,
        CPP_FUNCTIONS,
        (".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx"),
        words=_words(_C_WORDS),
    )
)
LANGUAGES.register("python")(
    Grammar(
        "python",
        "tree_sitter_python",
        PYTHON_LOCALS,
        PYTHON_FUNCTIONS,
        (".py",),
        hoisted=True,
        words=_words(_PYTHON_WORDS),
    )
)

_DATASETS = {"bcb": "java", "devign": "c", "reveal": "c", "stdlib": "python"}


def language_of(dataset: str) -> str | None:
    """The language that a known data set is written in; None for sets that may hold anything."""
    return _DATASETS.get(dataset)


@dataclass(frozen=True)
class Parsed:
    """A text without syntax errors. `source` is what was parsed: UTF-8, between the wrapper's two parts if any."""

    root: Node
    source: bytes
    grammar: Grammar
    before: int = 0
    after: int = 0

    def unwrap(self, source: bytes) -> str:
        """The text of a changed `source`, without the wrapper."""
        return source[self.before : len(source) - self.after].decode("utf-8")


def parse(code: str, language: str) -> Parsed | None:
    """`code` as a syntax tree; None where it is longer than `MAX_BYTES` or no grammar reads it without errors."""
    if len(code) > MAX_BYTES:
        return None
    source = code.encode("utf-8", "replace")
    if len(source) > MAX_BYTES or len(source.decode()) != len(code):
        return None
    name: str | None = language
    while name is not None:
        grammar = LANGUAGES.get(name)
        for before, after in (("", ""), grammar.wrapper or ("", "")):
            text = before.encode() + source + after.encode()
            root = Parser(load(name)).parse(text).root_node
            if not root.has_error:
                return Parsed(root, text, grammar, len(before), len(after))
            if grammar.wrapper is None:
                break
        name = grammar.fallback
    return None


@cache
def load(language: str) -> Language:
    """The grammar of a registered language; an AvatarError where its wheel is not installed."""
    package = LANGUAGES.get(language).package
    try:
        return Language(import_module(package).language())
    except ImportError as error:
        wheel = package.replace("_", "-")
        raise AvatarError(f"the grammar of {language} is not installed", f"pip install {wheel}") from error


@cache
def compiled(language: str, query: str) -> Query:
    """A query, compiled once for each language."""
    return Query(load(language), query)


def captures(parsed: Parsed, query: str) -> dict[str, list[Node]]:
    """The nodes that `query` finds, by capture name."""
    return QueryCursor(compiled(parsed.grammar.name, query)).captures(parsed.root)


@cache
def reserved(language: str) -> frozenset[str]:
    """Words that no variable may be called: the grammar's keywords, and `Grammar.words`."""
    grammar = load(language)
    kinds = (
        grammar.node_kind_for_id(kind)
        for kind in range(grammar.node_kind_count)
        if not grammar.node_kind_is_named(kind)
    )
    return LANGUAGES.get(language).words | {kind for kind in kinds if kind is not None and kind.isidentifier()}
