"""JavaScript, TypeScript and TSX: the names of functions, and what may be renamed."""

import re
from random import Random

import pytest

from avatar.code.dead_code import insert_dead_code
from avatar.code.functions import functions_of
from avatar.code.languages import family, language_of_file, suffix_of_editor
from avatar.code.parsing import parse
from avatar.code.rename import rename_identifiers
from avatar.code.variables import variables

FUNCTIONS = """
(function main() { function inner() {} }).call(this);
module.exports = function () { return 1 };
module.exports = function foo() {};
exports.a = exports.b = function () {};
Foo.prototype = { bar: function () {}, 'b-c'() {}, [x]() {}, baz: () => 1 };
Foo.prototype.qux = async () => {};
var self = this, one = function () {}, two = 2;
export default { methods: { go() {} }, data: () => ({}) }
const C = class { m() {} }, D = class E { m() {} };
define(['a'], function (a) { function x() {} return x; });
obj[key] = function () { function y() {} };
class K {
    static s() {} async *[Symbol.iterator]() {} get() {} set of(v) {} delete() {}
    x = () => 1; static { function z() {} }
}
foo(function cb() {});
window.onload = function () {};
React.Foo.bar = () => {};
export default function () {}
"""
NAMES = """
inner exports foo b Foo.bar Foo.b-c Foo.[x] Foo.baz Foo.qux one methods.go data C.m E.m x y K.s K.[Symbol.iterator]
K.get K.of K.delete K.x K.z cb onload React.Foo.bar default
"""

VARIABLES = """function f(a, { b, c: d }, [e, g = 1], ...rest) {
    var late = a; let { h, i: [j] } = late;
    for (var k = 0; k < 1; k++) { var after = k; }
    label: for (const m of rest) { if (m) continue label; }
    try { d(e); } catch (n) { n.a = { a, after: after }; }
    [outside] = [g];
    const o = (p) => p + k + `${p} ${j}`, q = async r => { await r; };
    function nested(s) { return s; }
    class T { u(v) { return v; } }
    implicit = this.a;
    return <div a={o}><T q={q}>a {nested} k</T></div>;
}
"""
LOCALS = {"d", "e", "g", "rest", "late", "j", "k", "after", "m", "n", "o", "p", "q", "r", "s", "v"}

TYPED = """class A {
    constructor(private a: number, readonly b: string, c?: B<number>) { this.d = c!; }
}
"""


def own(code: str, language: str) -> set[str]:
    parsed = parse(code, language)
    assert parsed is not None
    assert parsed.language.name == language
    return {name.decode() for name in variables(parsed).places}


def test_functions_have_the_names_that_code_gives_them() -> None:
    outline = functions_of(FUNCTIONS, "javascript")
    assert [one.name for one in outline.functions] == NAMES.split()
    assert all(parse(one.text, "javascript") for one in outline.functions)
    assert outline.note == ""


def test_only_what_surely_is_a_variable_is_renamed() -> None:
    assert own(VARIABLES, "javascript") == LOCALS
    made = rename_identifiers(VARIABLES, "javascript", Random(1))
    assert re.sub(r"\w+", "w", made) == re.sub(r"\w+", "w", VARIABLES)
    for kept in (
        "{ a, after: ",
        "n.a",
        "continue label",
        "{ b, c: ",
        "{ h, i: [",
        "<div a={",
        "<T q={",
        ">a {nested} k<",
    ):
        assert kept.replace("n.a", ".a") in made


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("function f(a) { { var b = a; } return b; }", {"a", "b"}),
        ("function f(a) { { let b = a; } return b; }", {"a"}),
        ("function f() { [a, b] = [b, a]; for (c of d) {} ({ e } = g); }", set()),
        ("function f(a) { with (a) { a.b(c); } var c; }", set()),
        ("function f(a) { return eval('a'); }", set()),
        ("function f($scope, a) { return $scope.a + a; }", {"a"}),
        ("function f(undefined, require, a) { return a === undefined; }", {"a"}),
        ("(a) => a", {"a"}),
        ("(function (a) { return a; })", {"a"}),
    ],
)
def test_single_cases(code: str, expected: set[str]) -> None:
    assert own(code, "javascript") == expected


def test_parameters_that_are_fields_and_types_keep_their_names() -> None:
    assert own(TYPED, "typescript") == {"c"}
    assert own("function f(a: (b: number) => void, c: typeof d): a is string { return c; }", "typescript") == {"a", "c"}
    assert own("function f(a) { enum E { a = 1, b = a } }", "typescript") == set()
    assert own("const f = ({ a }: P, b: B) => <A b={b} {...a} />;", "tsx") == {"b"}


@pytest.mark.parametrize(
    "text",
    [
        "m(a)\n{\n    return a;\n}",
        "get a() { return 1; }",
        "async *m(a) {}",
        "static m(a) {}",
        "m: function (a) {}",
        "function (a) { return a; }",
        "'m'(a) {}",
        "#m = (a) => a",
        "constructor(a) { super(a); }",
    ],
)
@pytest.mark.parametrize("language", ["javascript", "typescript", "tsx"])
def test_a_method_alone_is_read_as_a_function(text: str, language: str) -> None:
    made = rename_identifiers(text, language, Random(1), names=["other"])
    assert ("other" in made) == ("(a)" in text)
    assert made.count("other") == text.replace("get a", "").count("a)") + text.count("return a") + text.count("> a")


def test_dead_code_follows_directives_and_the_call_of_super() -> None:
    for seed in range(20):
        strict = insert_dead_code('function f() { "use strict"; g(); }', "javascript", Random(seed))
        assert strict.startswith('function f() { "use strict"; ')
        derived = insert_dead_code("constructor() { super(); this.a = 1; }", "typescript", Random(seed))
        assert derived.startswith("constructor() { super(); ")
        assert insert_dead_code("const f = (a) => a + 1;", "javascript", Random(seed)) == "const f = (a) => a + 1;"


def test_what_follows_a_template_is_no_comment() -> None:
    source = "const url = (a) => `${a}//${b}`;\n"
    (one,) = functions_of(source, "javascript").functions
    assert one.text == source


def test_files_of_other_dialects() -> None:
    assert [language_of_file(f"a.{end}") for end in ("jsx", "mjs", "cjs", "mts", "cts", "tsx")] == [
        *["javascript"] * 3,
        *["typescript"] * 2,
        "tsx",
    ]
    assert suffix_of_editor("javascriptreact") == ".js"
    assert suffix_of_editor("typescriptreact") == ".tsx"
    assert {family(name) for name in ("javascript", "typescript", "tsx")} == {"javascript"}
    (one,) = functions_of("function f(a: number): string { return g<T>(a); }\n", "javascript").functions
    assert one.language == "tsx"  # Flow
    assert functions_of("class A { m() { if (a) { b } } if (x) { y } }\nfunction f( {", "javascript").note


def test_statements_of_broken_code_are_no_functions() -> None:
    outline = functions_of("class A { m() { a( } if (x) { y(); } while (z) { q(); } }", "javascript")
    assert outline.note
    assert not {"A.if", "A.while", "if", "while"} & {one.name for one in outline.functions}
