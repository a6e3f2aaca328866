import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code import functions as module
from avatar.code.functions import functions_of
from avatar.code.languages import LANGUAGES, language_of_file
from avatar.code.text import AS_IT_IS, DOCSTRINGS_KEPT, REMOVED, TextRules
from avatar.common.errors import DataError

JAVA = """package a;
class Outer<T> {
    private int x = 1;
    Outer(int x) { this.x = x; }
    /** Doc. */
    @Override
    public <S> int twice(S s) {
        Runnable r = new Runnable() { public void run() { hidden(); } };
        return list.map(v -> { return v + 1; });
    }
    abstract void none();
    static class Inner { void deep() {} }
}
interface I { default int d() { return 1; } void e(); }
enum E { A { void in() {} }; void out() {} }
record R(int a) { R { check(a); } }
"""
C = """#include <stdio.h>
static int add(int a, int b)
{
    return a + b;
}
char **names(void) { return 0; }
int (*pick(int x))(int) { return 0; }
int declared(int);
struct s { int (*call)(void); };
"""
CPP = """namespace n {
class Box {
  public:
    Box() : x(0) {}
    ~Box() {}
    Box& operator=(const Box& other) { return *this; }
    operator int() const { return x; }
    int gone() = delete;
};
template <class T> T max(T a, T b) { auto f = [](int q) { return q; }; return a; }
}
int n::Box::get() const { return x; }
namespace { int hidden() try { return 1; } catch (...) { return 0; } }
"""
PYTHON = '''import os

@decorated(
    1
)
async def one(a):
    """Doc."""
    def inner():
        return a
    return inner

class A:
    class B:
        def deep(self): return lambda: 1

    @property
    def two(self):
        """Doc
        of two lines.
        """
        return """
    text"""

if os.name:
    def three():
        "only this"
'''


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        (
            JAVA,
            "java",
            [
                ("Outer.Outer", 4, 4),
                ("Outer.twice", 6, 10),
                ("Outer.Inner.deep", 12, 12),
                ("I.d", 14, 14),
                ("E.in", 15, 15),
                ("E.out", 15, 15),
                ("R.R", 16, 16),
            ],
        ),
        (C, "c", [("add", 2, 5), ("names", 6, 6), ("pick", 7, 7)]),
        (
            CPP,
            "cpp",
            [
                ("n::Box::Box", 4, 4),
                ("n::Box::~Box", 5, 5),
                ("n::Box::operator=", 6, 6),
                ("n::Box::operator int", 7, 7),
                ("n::max", 10, 10),
                ("n::Box::get", 12, 12),
                ("hidden", 13, 13),
            ],
        ),
        (PYTHON, "python", [("one", 3, 10), ("A.B.deep", 14, 14), ("A.two", 16, 22), ("three", 25, 26)]),
    ],
)
def test_outermost_functions_with_names_and_lines(
    source: str, language: str, expected: list[tuple[str, int, int]]
) -> None:
    outline = functions_of(source, language)
    assert [(one.name, one.first_line, one.last_line) for one in outline.functions] == expected
    assert outline.note == ""


def test_text_is_at_the_margin_and_without_docstring() -> None:
    one, _, two, three = functions_of(PYTHON, "python", TextRules(REMOVED)).functions
    assert (
        one.text == "@decorated(\n    1\n)\nasync def one(a):\n    def inner():\n        return a\n    return inner\n"
    )
    assert two.text == '@property\ndef two(self):\n    return """\ntext"""\n'
    assert three.text == 'def three():\n    "only this"\n'


def test_line_ends_of_windows_are_line_ends() -> None:
    (one,) = functions_of("def f(a):\r\n    return a\r\n", "python").functions
    assert (one.text, one.last_line) == ("def f(a):\n    return a\n", 2)


@pytest.mark.parametrize("rules", [DOCSTRINGS_KEPT, AS_IT_IS])
@pytest.mark.parametrize(
    ("source", "language", "lines"),
    [
        ("x = 1\ry = 2\ndef f(a):\n    return a\n", "python", (3, 4)),
        ("# a\r\r\ndef f(a):\r\n    return a\r\n", "python", (3, 4)),
        ("int x;\rint y;\r\n\rint f(int a) {\r return a;\n}\n", "c", (4, 6)),
    ],
)
def test_a_lone_carriage_return_ends_a_line_as_in_an_editor(
    source: str, language: str, lines: tuple[int, int], rules: TextRules
) -> None:
    (one,) = functions_of(source, language, rules).functions
    assert (one.first_line, one.last_line) == lines


@pytest.mark.parametrize(
    ("source", "language", "names"),
    [
        ("def good():\n    return 1\n\ndef bad(:\n    ((\n\ndef late():\n    return 2\n", "python", {"good"}),
        ("class A { int f() { return 1; } int g( { } int h() { return 2; } }", "java", {"A.f", "A.h"}),
        ("int f(void) { return 1; }\nint g( { if ) }\nint h(void)\n{ return 2; }\n", "c", {"f", "h"}),
        ("<<<<<<< HEAD\nint f() { return 1; }\n=======\nint g() { return 1; }\n>>>>>>> b\n", "cpp", {"f", "g"}),
    ],
)
def test_broken_code_yields_what_can_be_parsed(source: str, language: str, names: set[str]) -> None:
    outline = functions_of(source, language)
    assert names <= {one.name for one in outline.functions}
    assert "syntax errors" in outline.note


def test_statements_are_no_functions_whatever_the_parser_recovers() -> None:
    outline = functions_of("} else if (x) { y(); }\nfor (;;) { z(); }\nwhile (a) { b(); }", "c")
    assert not {"if", "for", "while", "else"} & {one.name for one in outline.functions}


@pytest.mark.parametrize(
    ("source", "language", "names"),
    [
        ("int main(void) { return 0; }\n", "c", ["main"]),
        ("def print(a):\n    pass\n\nclass A:\n    def match(self):\n        pass\n", "python", ["print", "A.match"]),
        ("class A { get() {} delete() {} static of() {} }\n", "javascript", ["A.get", "A.delete", "A.of"]),
        ("package a\nfunc (t T) len() int { return 0 }\n", "go", ["T.len"]),
    ],
)
def test_a_function_may_have_a_word_that_no_new_variable_gets(source: str, language: str, names: list[str]) -> None:
    assert [one.name for one in functions_of(source, language).functions] == names


def test_a_header_may_be_cpp() -> None:
    outline = functions_of("namespace a { class B { public: int f() { return 1; } }; }", "c")
    assert [(one.name, one.language) for one in outline.functions] == [("a::B::f", "cpp")]
    assert outline.note == ""


def test_a_namespace_with_a_macro_hides_no_functions() -> None:
    source = "namespace std VISIBLE(default) {\nint one(int a) { return a; }\nint two(int a) { return a; }\n}\n"
    for language in ("c", "cpp"):
        assert {"one", "two"} <= {one.name.rpartition(":")[2] for one in functions_of(source, language).functions}


def test_languages_go_by_the_end_of_the_name() -> None:
    names = ["a.py", "A.JAVA", "x.c", "x.h", "x.hpp", "x.c++", "x.txt", "py", ".py.bak"]
    result = [language_of_file(name) for name in names]
    assert result == ["python", "java", "c", "c", "cpp", "cpp", None, None, None]


def test_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SOURCE_BYTES", 10)
    with pytest.raises(DataError, match="more than 10"):
        functions_of("x = 12345678", "python")


def test_deep_nesting_ends() -> None:
    for language in LANGUAGES.names():
        assert functions_of("(" * 50_000, language).functions == ()
        functions_of("class A {" * 5_000, language)


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="defclass (){}:;\n\t\"'#/*intvoi=,<>@~\r\x0c\u00e9\ud800", max_size=200),
    st.sampled_from(LANGUAGES.names()),
)
def test_any_text_gives_functions_in_order_that_do_not_overlap(source: str, language: str) -> None:
    result = functions_of(source, language).functions
    lines = len(re.split("\r\n?|\n", source))
    assert all(1 <= one.first_line <= one.last_line <= lines for one in result)
    assert all(one.last_line <= other.first_line for one, other in pairwise(result))


@pytest.mark.parametrize(
    ("language", "bomb"),
    [
        ("java", "a<a<a<a<a<\n" * 15_000),
        ("cpp", ("(" * 50 + "\n") * 3_000),
        ("c", "x = " + ("*" * 50 + "\n") * 3_000),
        ("python", ("[" * 50 + "\n") * 3_000),
        ("python", "x = " + "- " * 100_000 + "1"),
    ],
)
def test_what_nobody_writes_takes_no_time(language: str, bomb: str) -> None:
    start = time.perf_counter()
    result = functions_of(bomb, language)
    assert time.perf_counter() - start < 2
    assert result.note == "left out: brackets or signs are nested too deeply"


def test_what_people_write_is_not_left_out() -> None:
    code = "def f(a):\n    # " + "-" * 400 + "\n    return " + "(" * 90 + "a" + ")" * 90 + "\n"
    assert [one.name for one in functions_of(code, "python").functions] == ["f"]


def test_a_body_begins_below_parameters_decorators_comments_and_docstring() -> None:
    python = '@decorator\ndef f(\n    a,\n    b,\n):\n    """Doc."""\n\n    # Comment.\n    return a\n'
    java = (
        "class A {\n  @Override\n  int f(int a,\n      int b)\n      throws E\n  {\n    // one\n    return a;\n  }\n}\n"
    )
    empty, one_line = "def f(\n    a,\n):\n    pass\n", "int f(int a) { return a; }\n"
    for text, language, line in ((python, "python", 9), (java, "java", 8), (empty, "python", 1), (one_line, "c", 1)):
        assert [one.body_line for one in functions_of(text, language).functions] == [line]
