"""Rust: the names of functions, and what may be renamed."""

from random import Random

import pytest

from avatar.code.dead_code import insert_dead_code
from avatar.code.functions import functions_of
from avatar.code.parsing import parse
from avatar.code.reformat import reformat
from avatar.code.variables import variables
from syntax import tokens

VARIABLES = """fn f<'a, const N: usize>(&'a self, mut b: u8, (c, d): (i32, i32), S { e, f: g }: S) -> T {
    let h = h(b);
    let Some(i) = e.i else { return i };
    let j: Vec<_> = vec![c; N];
    if let Some(k) = d && k > 1 { k } else { k };
    match g { None => 1, Some(l) if l > b => l, m @ 1..=5 | m => m, P::Q { r, s: t } => t, FOO => 2 };
    for (u, _) in j.iter() { println!("{v} {}", u, w = u); }
    let v = 1; let w = 2;
    let x = |y: i32, z| y + z + v;
    log!(x); 'outer: loop { break 'outer }
    assert!(c.d == d, "text");
    S { b, c: w }
}
"""
LOCALS = {"c", "d", "g", "j", "l", "m", "t", "u", "y", "z"}


def own(code: str) -> set[str]:
    parsed = parse(code, "rust")
    assert parsed is not None
    return {name.decode() for name in variables(parsed).places}


def test_only_what_surely_is_a_variable_is_renamed() -> None:
    assert own(VARIABLES) == LOCALS


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("fn f(a: u8) { let a = a + 1; g(a) }", {"a"}),
        ("fn f() { let a = a(); g(a) }", set()),  # the second is a function
        ("fn f(a: u8) { if let Some(b) = a { b } else { b } }", {"a"}),
        ("fn f(a: u8) { for b in b { g(b) } }", {"a"}),
        ("fn f(a: u8) { match a { B => 1, b => b } }", {"a", "b"}),
        ("fn f(a: u8) { fn g(b: fn(c: u8)) { b(1) } use h::a; }", {"b"}),
        ("fn f(a: u8, b: u8) { assert_eq!(S { a: 1 }, g(b).a, a::b) }", {"b"}),
    ],
)
def test_single_cases(code: str, expected: set[str]) -> None:
    assert own(code) == expected


def test_impl_blocks_qualify_names() -> None:
    source = """mod m { impl<T> fmt::Display for &'_ a::Stack<T> { fn fmt(&self) {} } }
impl Clone for [u8] { fn clone(&self) {} }
trait A { fn b(&self); fn c(&self) {} }
macro_rules! x { () => { fn hidden() {} } }
"""
    names = [one.name for one in functions_of(source, "rust").functions]
    assert names == ["m::Stack::fmt", "[u8]::clone", "A::c"]


def test_dead_code_never_becomes_the_value_of_a_function() -> None:
    code = "fn f() -> u8 {\n    g();\n    #[cfg(a)]\n    { 1 }\n    #[cfg(not(a))]\n    { 2 }\n}\n"
    for seed in range(30):
        made = insert_dead_code(code, "rust", Random(seed))
        assert made != code
        assert made[made.index("#[cfg(a)]") :] == code[code.index("#[cfg(a)]") :]


def test_another_layout_keeps_lifetimes_and_strings() -> None:
    code = """fn f<'a,'b>(x: &'a str, y: char) -> bool {
    let z: Option<u8>= None; // ' "
    /* a /* nested */ comment */
    x == r#"a
  "b" "# || y == '\\'' || z.is_some_and(|c| c >= b'x')
}
"""
    for seed in range(60):
        made = reformat(code, "rust", Random(seed))
        assert made != code
        assert tokens(made, "rust") == tokens(code, "rust")
        assert 'r#"a\n  "b" "#' in made
