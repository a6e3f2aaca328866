"""The data flow of functions: like the authors' extraction, like a plain reference, and quick on any text."""

import json
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code import flow_steps
from avatar.code.dataflow import CodeFlow, Edge, data_flow
from avatar.code.flow_steps import COMES, COMPUTED, Branch, Flow, Loop, Step, Use, Write
from avatar.code.parsing import MAX_BYTES
from avatar.common.errors import ConfigError
from hostile_texts import QUADRATIC, hostile


def flow_of(code: str, language: str) -> CodeFlow:
    flow = data_flow(code, language)
    assert flow is not None
    return flow


@pytest.mark.parametrize("language", ["java", "python", "c"])
def test_it_is_the_authors_on_their_functions(avatar_data: Path, language: str) -> None:
    lines = (avatar_data / "dfg" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) >= 60
    for number, row in enumerate(rows):
        flow = flow_of(row["func"], language)
        assert flow.tokens == row["code_tokens"], number
        ours = [(*edge[:3], sorted(edge.source_names), edge.sources) for edge in flow.edges]
        theirs = [(name, index, kind, sorted(names), sources) for name, index, kind, names, sources in row["dfg"]]
        assert ours == theirs, number


def test_the_parts_of_an_edge() -> None:
    flow = flow_of("int f(int a) { int b = a; b = g(a, 2); return b; }", "java")
    assert flow.tokens == [
        "int",
        "f",
        "(",
        "int",
        "a",
        ")",
        "{",
        "int",
        "b",
        "=",
        "a",
        ";",
        "b",
        "=",
        "g",
        "(",
        "a",
        ",",
        "2",
        ")",
        ";",
        "return",
        "b",
        ";",
        "}",
    ]
    assert flow.edges == [
        Edge("a", 4, "comesFrom", [], []),
        Edge("b", 8, "comesFrom", ["a"], [10]),
        Edge("a", 10, "comesFrom", ["a"], [4]),
        Edge("b", 12, "computedFrom", ["g"], [14]),
        Edge("b", 12, "computedFrom", ["a"], [16]),
        Edge("b", 12, "computedFrom", ["2"], [18]),
        Edge("g", 14, "comesFrom", [], []),
        Edge("a", 16, "comesFrom", ["a"], [4]),
        Edge("2", 18, "comesFrom", [], []),
        Edge("b", 22, "comesFrom", ["b"], [12]),
    ]


CASES = {
    "both parts of a branch": ("python", "if a:\n    b = 1\nelse:\n    b = 2\nc = b", {"b": [[3, 8]]}),
    "a branch that may be left out": ("python", "b = 1\nif a:\n    b = 2\nc = b", {"b": [[0, 6]]}),
    "the last round of a loop": ("python", "x = 0\nwhile x < n:\n    x = x + 1\n", {"x": [[0, 8], [0, 8]]}),
    "values that change places": ("python", "a, b = b, a", {"a": [], "b": []}),
    "loops with an else": ("python", "for x in a:\n    b = x\nelse:\n    c = b", {"b": [[5]]}),
    "a part of a name": ("python", "b = b1\nb1 = b", {"b": [[0]], "b1": []}),
    "not ASCII": ("python", "ä = 'ö'\nb = ä", {"ä": [[0]]}),
    "strings on both sides": ("python", "self.x = 'a'\nb = self.x", {"self": [[0]], "x": [[2]]}),
    "a pointer": ("c", "int f(char *p) { return g(p); }", {"p": [[5]]}),
    "an operator": ("cpp", "int f(int a) { int b = a; b += a; return b; }", {"a": [[4], [4]], "b": [[12]]}),
    "a short definition": ("go", "func f(a int) int { b, c := a, 1; return b }", {"a": [[3]], "b": [[8]]}),
    "a condition with a definition": (
        "go",
        "func f() { if e := g(); e != nil { h(e) } else { k(e) } }",
        {"e": [[6], [6], [6]]},
    ),
    "cases": ("go", "func f(a int) { switch a { case 1: b = 2; default: b = 3 }; g(b) }", {"b": [[13, 19]]}),
    "a loop over items": (
        "csharp",
        "int F() { int s = 0; foreach (var x in xs) { s = s + x; } return s; }",
        {"s": [[6, 18], [18]]},
    ),
    "an assignment": ("javascript", "function f(a) { let b; b = a; return b }", {"b": [[9]], "a": [[3]]}),
    "a parameter with a type": ("typescript", "function f(a: number) { return a; }", {"a": [[3]]}),
    "names with a sign": ("php", "function f($a) { $b = $a; return $b; }", {"a": [[4]], "b": [[8]]}),
    "functions are no variables": ("php", "function f($a) { count($a); return count($a); }", {"count": []}),
    "a statement with its condition": ("ruby", "def f(a)\n  b = 1\n  b = 2 if a\n  b\nend\n", {"b": [[5, 8]]}),
    "a definition with a type": ("kotlin", "fun f(a: Int): Int { val b: Int = a; return b }", {"Int": [], "b": [[11]]}),
    "a pattern": ("rust", "fn f(a: i32) -> i32 { let (b, c) = a; b }", {"a": [[3]], "b": [[12]]}),
}


@pytest.mark.parametrize("case", CASES)
def test_values_are_followed(case: str) -> None:
    language, code, expected = CASES[case]
    edges = flow_of(code, language).edges
    for name, sources in expected.items():
        read = [edge.sources for edge in edges if edge.name == name and edge.source_names == [name]]
        assert read == sources


def test_comments_and_documentation_are_no_tokens() -> None:
    code = 'def f(a):\n    """Text."""\n    # more\n    b = a  # why\n    return b'
    assert flow_of(code, "python") == flow_of("def f(a):\n    b = a\n    return b", "python")
    assert flow_of("int f() { /* a */ return 1; // b\n}", "java") == flow_of("int f() { return 1; }", "java")


def test_a_text_that_needs_its_class_is_read_without_it() -> None:
    flow = flow_of("Stack(int size) { this.size = size; }", "java")
    assert flow.tokens[:3] == ["Stack", "(", "int"]
    assert [edge.sources for edge in flow.edges if edge.token == 10] == [[3]]


def test_syntax_errors_do_not_matter() -> None:
    whole, broken = (flow_of("int f(int a) { int b = a; return b; " + end, "java") for end in ("}", ""))
    assert broken.edges == whole.edges


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no language is called 'cobol'"):
        data_flow("a = b", "cobol")


# A plain reference: every loop really runs twice, on copies of all states.

NAMES = "abcd"


def _plain(steps: list[Step], states: dict[str, set[int]], texts: list[str], merged: bool, edges: list) -> dict:
    for step in steps:
        if isinstance(step, Use):
            name = texts[step.index]
            edges.append((step.index, COMES, sorted(states.get(name, ())), merged))
            if step.declares:
                states.setdefault(name, {step.index})
        elif isinstance(step, Write):
            for target in step.targets:
                edges.append((target, step.kind, list(step.sources), merged))
                states[texts[target]] = {target}
        elif isinstance(step, Branch):
            ends = [_plain(list(part), dict(states), texts, merged, edges) for part in step.parts]
            ends += [dict(states)] * step.may_skip
            states = {name: set().union(*(end.get(name, ()) for end in ends)) for end in ends for name in end}
        elif isinstance(step, Loop):
            states = _plain(list(step.first), states, texts, True, edges)
            for _ in range(2):
                states = _plain(list(step.body), dict(states), texts, True, edges)
    return states


def _edges(found: list[tuple[int, str, list[int], bool]]) -> dict[tuple[int, str], set[int]]:
    together: dict[tuple[int, str], set[int]] = {}
    for index, kind, sources, _ in found:
        together.setdefault((index, kind), set()).update(sources)
    return together


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[Step], list[str]]:
    texts: list[str] = []

    def token() -> int:
        texts.append(draw(st.sampled_from(NAMES)))
        return len(texts) - 1

    def block(depth: int) -> list[Step]:
        return [step(depth) for _ in range(draw(st.integers(0, 3)))]

    def step(depth: int) -> Step:
        kind = draw(st.integers(0, 5 if depth else 3))
        if kind <= 1:
            return Use(token(), declares=draw(st.booleans()))
        if kind <= 3:
            sources = [token() for _ in range(draw(st.integers(0, 2)))]
            return Write([token()], sources, COMPUTED, joined=True)
        if kind == 4:
            return Branch([block(depth - 1) for _ in range(draw(st.integers(1, 3)))], draw(st.booleans()))
        return Loop(block(depth - 1), block(depth - 1))

    return [step(3) for _ in range(draw(st.integers(1, 6)))], texts


@settings(max_examples=400, deadline=None)
@given(programs())
def test_one_execution_of_a_loop_gives_the_edges_of_two_rounds(program: tuple[list[Step], list[str]]) -> None:
    steps, texts = program
    expected: list[tuple[int, str, list[int], bool]] = []
    ends = _plain(steps, {}, texts, False, expected)
    flow = Flow(texts)
    flow.run(steps)
    assert _edges([(one.index, one.kind, one.sources, one.merged) for one in flow.edges]) == _edges(expected)
    assert {name: set(sources) for name, (sources, _) in flow.states.items()} == ends
    assert {one.index for one in flow.edges if one.merged} == {index for index, _, _, merged in expected if merged}


SLOW = {
    "nested loops": ("java", "void f() {" + "while (a < b) { a = b; b = a + c; " * 90 + "}" * 91),
    "too many nested loops": ("java", "void f() {" + "while (a < b) { a = b; " * 200 + "}" * 201),
    "nested conditions": ("python", "".join(f"{'    ' * row}if a:\n" for row in range(80)) + "    " * 80 + "a = b"),
    "else if": ("c", "void f(int a) {" + "if (a == 1) a++; else " * 2000 + ";}"),
    "values from everywhere": ("java", "void f() {" + "if (a) b = 1;" * 3000 + "g(b);" * 3000 + "}"),
    "brackets": ("java", "void f() { int a = " + "(" * 5000 + "1" + ")" * 5000 + "; }"),
    "a long sum": ("java", "void f() { int a = " + "a + " * 20_000 + "a; }"),
    "assignments": ("python", "a = b = " * 5000 + "c"),
    "a long list": ("python", "a = [" + "b, " * 30_000 + "]"),
    "increments": ("java", "void f() { " + "a[" * 400 + "b" + "]" * 400 + "++; }"),
    **{name: hostile(name, MAX_BYTES - 1) for name in QUADRATIC},
}


@pytest.mark.parametrize("name", SLOW)
def test_a_hostile_text_ends_within_seconds(name: str) -> None:
    language, code = SLOW[name]
    begin = time.process_time()
    flow = data_flow(code, language)
    assert time.process_time() - begin < 10
    assert flow is None or all(source < len(flow.tokens) for edge in flow.edges for source in edge.sources)


def test_deep_loops_are_read_and_deeper_ones_have_no_flow() -> None:
    deep = flow_of(SLOW["nested loops"][1], "java")
    first = next(edge for edge in deep.edges if edge.name == "a" and edge.kind == COMES)
    last = max(edge.token for edge in deep.edges if edge.name == "a" and edge.kind == COMPUTED)
    assert first.sources == [last]  # the first round knows no value
    assert data_flow(SLOW["too many nested loops"][1], "java") is None


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_flow("a" * (MAX_BYTES + 1), "python") is None
    assert data_flow("a = b\n" * 10, "python") is not None
    monkeypatch.setattr(flow_steps, "MAX_STEPS", 10)
    assert data_flow("a = b\n" * 10, "python") is None


@pytest.mark.parametrize("seed", range(8))
def test_broken_text_never_raises(seed: int) -> None:
    random = Random(seed)
    code = "int f(int a) { for (int i = 0; i < a; i++) { a += i; } if (a) b = 1; else b = 2; return b; }"
    for language in ("java", "c", "cpp", "javascript", "python", "php", "go"):
        for _ in range(10):
            start = random.randrange(len(code))
            junk = random.choice(["{", ")", '"', "/*", "\ud800", "\0", "\r", "\ufeff", "#", "`", "="])
            flow = data_flow(code[:start] + junk + code[start + random.randrange(9) :], language)
            assert flow is not None
            assert [edge.token for edge in flow.edges] == sorted(edge.token for edge in flow.edges)
