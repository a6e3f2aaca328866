"""The normalised text of a function: equal for all variants of a text, idempotent, in linear time."""

import ast
import sysconfig
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code.functions import functions_of
from avatar.code.languages import LANGUAGES
from avatar.code.text import AS_IT_IS, REMOVED, TextRules, clean, function_text
from avatar.common.errors import ConfigError
from function_variants import METHODS, documented, variants

PIECES = [
    *("def f(a):", "async def g(", "class A:", "if x:", "return 1", "@a", "x", ";", ":", "}", "{", "int f() {"),
    *("    ", "  ", "\t", "\n", "\r\n", "\r", "\f", "\ufeff", "\u00a0", "\u200b", "\x1c", "\ud800", "\\"),
    *('"""', "'''", '"doc"', "'x'", "b'x'", "# c", "// c", "/*", "*/", "'", '"'),
]
RULES = [TextRules(), TextRules(docstrings=REMOVED), AS_IT_IS]


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(),
    st.sampled_from([None, *METHODS]),
    st.sampled_from(RULES),
)
def test_any_text_has_one_that_stays(text: str, language: str | None, rules: TextRules) -> None:
    made = function_text(text, rules, language)
    assert function_text(made, rules, language) == made
    if rules.version:
        assert not made or (made.endswith("\n") and not made.endswith("\n\n") and "\r" not in made)


@pytest.mark.parametrize("language", sorted(METHODS))
def test_what_needs_no_change_gets_none(language: str) -> None:
    for text in (METHODS[language], documented(METHODS[language])):
        assert function_text(text, language=language) == text
        assert function_text(text) == text  # where nobody says which language it is


@pytest.mark.parametrize("language", sorted(METHODS))
def test_variants_without_a_named_language(language: str) -> None:
    texts = {way: function_text(text) for way, text in variants(METHODS[language], language).items()}
    assert texts == dict.fromkeys(texts, METHODS[language])


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("c", 'int f() { g("} // x"); } // end\n', 'int f() { g("} // x"); }\n'),
        ("c", "/* a\n b */ int f() {\n}\n/* c */ // } d", "int f() {\n}\n"),
        ("c", "#ifdef A\nint f() {\n}\n#endif", "#ifdef A\nint f() {\n}\n#endif\n"),
        ("c", "// only a comment", "// only a comment\n"),
        ("python", "#!/bin/x\n\ndef f():\n    # a\n    b  # c\n    # d\n# e\n", "def f():\n    # a\n    b  # c\n"),
        ("python", "def f():\n        if a:\n            b\n        c\n", "def f():\n    if a:\n        b\n    c\n"),
        ("python", "def f():\n        return 1\n", "def f():\n        return 1\n"),
    ],
)
def test_single_cases(language: str, text: str, wanted: str) -> None:
    assert function_text(text, language=language) == wanted


def test_tabs_are_a_level_of_4_or_stops_of_8_beside_spaces() -> None:
    assert function_text("void f() {\n\ta();\n\t\tb();\n}") == "void f() {\n    a();\n        b();\n}\n"
    assert function_text("void f() {\n    a {\n\tb();\n    }\n}") == "void f() {\n    a {\n        b();\n    }\n}\n"
    assert function_text('char *f() {\n    return "\ta";\n}') == 'char *f() {\n    return "\ta";\n}\n'


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('    "doc"\n    return 1\n', "    return 1\n"),
        ('    r"""doc\n\nmore\n    """  # c\n\n    return 1\n', "\n    return 1\n"),
        ('    # a\n    "one" \'two\'\n    "second"\n    return 1\n', "    # a\n    return 1\n"),
        ('    "doc"; return 1\n', '    "doc"; return 1\n'),
        ('    "only"\n', '    "only"\n'),
        ('    "only"\n    # c\n    ...\n', "    # c\n    ...\n"),
        ('    f"no {doc}"\n    return 1\n', '    f"no {doc}"\n    return 1\n'),
        ('    "a" + b\n    return 1\n', '    "a" + b\n    return 1\n'),
        ('    """never ends\n    return 1\n', '    """never ends\n    return 1\n'),
    ],
)
@pytest.mark.parametrize(
    "header", ["def f():\n", 'def f(a=")", b={1: 2}) -> "x:":  # :\n', "async def f(\n    a,\n):\n"]
)
def test_docstrings(header: str, body: str, left: str) -> None:
    assert function_text(header + body, TextRules(docstrings=REMOVED), "python") == header + left
    assert function_text(header + body, TextRules(), "python") == header + body


def test_docstrings_go_as_the_syntax_tree_says() -> None:
    """On functions of Python's own library."""
    checked = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:40]:
        for one in functions_of(path.read_text(encoding="utf-8"), "python", TextRules(docstrings=REMOVED)).functions:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                (node,) = ast.parse(one.text).body
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            alone = node.body[0].lineno > node.lineno and len(node.body) > 1
            assert not (alone and ast.get_docstring(node)), one.text
            checked += 1
    assert checked > 500


@pytest.mark.parametrize("language", [None, *sorted(METHODS)])
@pytest.mark.parametrize(
    "bomb",
    [
        "/* a */" * 60_000,
        "}" + "/* a */" * 60_000,
        "/*" * 100_000,
        "} /*" * 60_000,
        "}//\n" * 60_000,
        '"""' * 60_000,
        "def f(:\n" * 30_000,
        "def f():\n" + '    "a"\n' * 30_000 + "    x",
        "(" * 200_000,
        "\t\n" * 100_000,
        " " * 300_000 + "}",
        "\"'" * 60_000 + "//",
        "def f():\n" + "    if x:\n" * 30_000,
        "def f():\n    x\n" + "    # c\n" * 60_000,
        "'" * 200_001 + "//",
        "def f():\n    " + '"a" ' * 60_000,
    ],
    ids=range(16),
)
def test_what_nobody_writes_takes_no_time(bomb: str, language: str | None) -> None:
    start = time.perf_counter()
    function_text(bomb, TextRules(docstrings=REMOVED), language)
    assert time.perf_counter() - start < 2


def test_lines_keep_their_numbers_when_a_file_is_cleaned() -> None:
    assert clean("\ufeffa\r\nb\rc\n\u200bd").split("\n") == ["a", "b", "c", "d"]


def test_a_template_belongs_to_its_function() -> None:
    source = "namespace n {\n    template <class T>\n    T f(T a) {\n        return a;\n    }\n}\n"
    (one,) = functions_of(source, "cpp").functions
    assert (one.name, one.first_line, one.last_line) == ("n::f", 2, 5)
    assert one.text == "template <class T>\nT f(T a) {\n    return a;\n}\n"


def test_a_file_of_any_platform_has_the_same_functions() -> None:
    for language, text in METHODS.items():
        wanted = functions_of(text, language)
        assert len(wanted.functions) == 1
        for way in ("line ends of Windows", "line ends of old Macs", "all of Windows", "no-break spaces"):
            assert functions_of(variants(text, language)[way], language) == wanted, (language, way)


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="klingon"):
        function_text("x", language="klingon")
    assert "klingon" not in LANGUAGES.names()
