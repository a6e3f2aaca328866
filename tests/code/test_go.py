"""Go: the names of functions, and what may be renamed."""

from random import Random

import pytest

from avatar.code.dead_code import insert_dead_code
from avatar.code.functions import functions_of
from avatar.code.parsing import parse
from avatar.code.reformat import reformat
from avatar.code.variables import variables
from syntax import tokens

VARIABLES = """func (s *Stack[T]) f(a, b int, c ...string) (n int, err error) {
	url := url.Parse(a)
	x, y := g(b), T{x: n, key: c}
	var d, e = 1, "d"
	const h = iota
	for i, v := range c { e += v; _ = i }
	for i = range c { }
	switch t := z.(type) { case int: n = t }
	select { case m := <-ch: f(m); default: }
	if p := q(); p { err = p } else { return n, p }
label:
	for { break label }
	fn := func(r int) (s2 int) { fn(r); return }
	if p { print(x, y, d, h) }
	type L struct{ e int }
	return
}
"""
LOCALS = {"s", "a", "b", "c", "n", "err", "y", "d", "e", "h", "v", "t", "m", "r", "s2"}


def own(code: str) -> set[str]:
    parsed = parse(code, "go")
    assert parsed is not None
    return {name.decode() for name in variables(parsed).places}


def test_only_what_surely_is_a_variable_is_renamed() -> None:
    assert own(VARIABLES) == LOCALS


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("func f() { a := a; g(a) }", set()),  # the second is a package's variable
        ("func f(a int) { a := a + 1; g(a) }", {"a"}),
        ("func f() { for _, a := range a { g(a) } }", set()),
        ("func f() { switch a := a.(type) { case int: g(a) } }", set()),
        ("func f(nil, iota, a int) { g(iota, nil, a) }", {"a"}),
        ("func f(a func(b int) int) { g(b, a) }", {"a"}),
        ("func f(key string) { g(map[string]int{key: 1}) }", set()),
        ("var f = func(a int) { g(a) }", {"a"}),
    ],
)
def test_single_cases(code: str, expected: set[str]) -> None:
    assert own(code) == expected


def test_functions_that_are_values_have_names() -> None:
    source = """package a
var (
	one = func() {}
	two, three = func() {}, func() {}
)
var cmd = &Command{
	Use: "x",
	Run: func(c *Command) { run(c) },
}
func (T) String() string { return "" }
func (t *pkg) len() int { return 0 }
"""
    outline = functions_of(source, "go")
    assert [one.name for one in outline.functions] == ["one", "cmd.Run", "T.String", "pkg.len"]
    assert all(parse(one.text, "go") for one in outline.functions)


def test_dead_code_compiles() -> None:
    code = "func f() {\n\tif a {\n\t\tgoto end\n\t}\n\tg()\nend:\n\th()\n}\n"
    for seed in range(60):
        made = insert_dead_code(code, "go", Random(seed), names=["spare", "more", "left"])
        for name in ("spare", "more", "left"):
            assert f"const {name}" in made or f"{name} := " not in made or f"_ = {name}" in made
        after = made[made.index("goto") :]
        assert after.count(":= ") + after.count("var ") == after.count("if false {")  # in a block of its own
        assert insert_dead_code("func f() { g() }", "go", Random(seed)) == "func f() { g() }"


def test_line_ends_and_braces_stay_where_they_must() -> None:
    code = """func f(a int) (b int) {
	if a > 0 { /* one
	two */ b++
	}
	g()
	{
		h(a, `
  raw`)
	}
	return
}
"""
    for seed in range(60):
        made = reformat(code, "go", Random(seed))
        assert made != code
        assert tokens(made, "go") == tokens(code, "go")
        assert [line.strip() for line in made.split("\n")].count("{") == 1
        assert "g()\n" in made
        assert "{ b++" not in made
