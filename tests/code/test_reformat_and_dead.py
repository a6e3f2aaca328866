"""Another layout keeps every token; dead code parses and does nothing."""

import ast
import inspect
import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rename import CPP, JAVA, C, plain, tricky

from avatar.code.dead_code import insert_dead_code
from avatar.code.parsing import parse
from avatar.code.reformat import reformat
from syntax import tokens

AWKWARD = r"""
int f(int a, char *s)   /* why */
{
#define TWICE(x) \
    ((x) +  (x))
    char c = '"', d = '\'', *e = "/* no comment */ // none \" {";   // trailing {
    int b=a- -1, *p=&b;a+=+b;b = a+ ++b;
#ifdef X
    if (a<b&&a!=*p) return a>>1;
#endif
    double x = 1.5e-3+.5E+2f, y = 0x1p-3;
    do { a--; } while (a > 0); else_branch:
    return s ? a/ *p : 0xFFul;
}"""
CODES = [("java", JAVA), ("c", C), ("cpp", CPP), ("c", AWKWARD), ("python", inspect.getsource(tricky))]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(CODES))
def test_another_layout_has_the_same_tokens(seed: int, pair: tuple[str, str]) -> None:
    language, code = pair
    made = reformat(code, language, Random(seed))
    assert made != code
    assert made == reformat(code, language, Random(seed))
    assert tokens(made, language) == tokens(code, language)
    if language == "python":
        assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(code))


def test_layouts_differ_in_every_way() -> None:
    made = [reformat(AWKWARD, "c", Random(seed)) for seed in range(60)]
    for seen in ("\t", ")\n{", ") {", "int a, ", "int a,char", "trailing", "\n\n"):
        assert any(seen in text for text in made), seen
        assert not all(seen in text for text in made), seen
    assert len(set(made)) > 30


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(CODES))
def test_dead_code_parses_and_only_adds(seed: int, pair: tuple[str, str]) -> None:
    language, code = pair
    made = insert_dead_code(code, language, Random(seed), names=["unused", "spare", "other_one", "left"])
    assert parse(made, language) is not None
    remaining = iter(made)
    assert all(character in remaining for character in code)
    added = set(re.findall(r"\w+", made)) - set(re.findall(r"\w+", code))
    assert added & {"unused", "spare", "other_one", "left"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_python_with_dead_code_does_the_same(seed: int, values: list[int]) -> None:
    for function, arguments in ((plain, (values, 3)), (tricky, (values, max, 1, 2))):
        made = insert_dead_code(inspect.getsource(function), "python", Random(seed))
        space: dict = {}
        exec(made, space)
        assert space[function.__name__](*arguments) == function(*arguments), made


def test_dead_code_stands_where_it_may() -> None:
    for seed in range(30):
        java = insert_dead_code("A(int x) { super(x); y = x; }", "java", Random(seed))
        assert java.startswith("A(int x) { super(x); ")
        python = insert_dead_code('def f():\n    """Text."""\n    return 1\n', "python", Random(seed))
        assert ast.get_docstring(ast.parse(python).body[0]) == "Text."  # type: ignore[arg-type]
        assert python.endswith("return 1\n")
        empty = insert_dead_code("void f() {}", "c", Random(seed))
        assert empty != "void f() {}"


@pytest.mark.parametrize("language", ["java", "c", "cpp", "python"])
@pytest.mark.parametrize("code", ["", "int f(", "\ud800", "x = (", "int f(int a) {" + "a++;" * 100_000 + "}"])
def test_what_cannot_be_read_stays(code: str, language: str) -> None:
    if code or language != "python":
        assert insert_dead_code(code, language, Random(1)) == code
    if code:
        assert reformat(code, language, Random(1)) == code


@pytest.mark.parametrize("code", ["def f(): return 1\n", "def f():\n    '''Only.'''\n", "int f(int a);", "class A { }"])
def test_code_without_room_stays(code: str) -> None:
    assert insert_dead_code(code, "python" if code.startswith("def") else "java", Random(1)) == code
