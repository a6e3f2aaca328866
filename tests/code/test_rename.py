"""Renaming does not change the meaning: fixed names stay, and all occurrences of a name change together."""

import inspect
import re
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code.parsing import MAX_BYTES, parse
from avatar.code.rename import harvest_names, rename_identifiers
from avatar.code.variables import variables

JAVA = """
    public <T> int total(List<T> items, int limit) throws IOException {
        int count = 0;
        label: for (T item : items) {
            if (item.count > limit || this.limit < count) continue label;
            try (Reader in = open(item)) { count += in.read(); } catch (IOException e) { log(e.getMessage()); }
            Function<T, Integer> f = x -> x.size() + count;
            Comparator<T> c = (a, b) -> { int d = a.rank - b.rank; return d; };
            items.forEach(item::add);
        }
        Object o = new Object() { int own = 1; public String toString() { return "" + own; } };
        if (o instanceof String text) return text.length();
        other = shadow; { int shadow = 1; use(shadow); }
        switch (mode) { case FAST: int fast = 1; count += fast; break; default: break; }
        return count;
    }
"""
JAVA_LOCALS = ["items", "limit", "count", "item", "in", "e", "f", "x", "c", "a", "b", "d", "o", "text", "fast"]

C = """
static int f(struct s *ctx, const char name[], int (*cb)(int code), int max)
{
    int i, *p = &i, total = 0;
    struct { int i; int len; } local = { .i = 1, .len = sizeof(total) };
    extern int shared;
    char flag;
    max = max(i, 3);
    for (int k = 0; k < ctx->len; k++)
        total += cb(k) + ctx->name[k] + local.len;
    LIST_FOREACH(p, &ctx->head, len);
    int len = (flag) ? 1 : shared;
    { int late = 1; total += late; }
    total += late;
    if (!p)
        goto out;
out:
    return total + len;
}
"""
C_LOCALS = ["ctx", "name", "code", "i", "p", "total", "local", "flag", "k"]

CPP = """
template <int N> int A::f(const std::map<int, T> &values, int limit = 3) {
    for (const auto &[key, value] : values) sum_ += key * value.limit;
    auto g = [start = 1, &limit](int step) { return start + step * limit; };
    try { std::vector<int> list; list.push_back(N); } catch (const E &error) { error.what(); }
    return g(2) + this->limit;
}
"""
CPP_LOCALS = ["values", "limit", "key", "value", "start", "step", "list", "error"]


def own(code: str, language: str) -> set[str]:
    parsed = parse(code, language)
    assert parsed is not None
    return {name.decode() for name in variables(parsed).places}


@pytest.mark.parametrize(
    ("language", "code", "expected"), [("java", JAVA, JAVA_LOCALS), ("c", C, C_LOCALS), ("cpp", CPP, CPP_LOCALS)]
)
def test_only_what_surely_is_a_variable_is_renamed(language: str, code: str, expected: list[str]) -> None:
    assert own(code, language) == set(expected)


def test_fields_methods_types_labels_and_strings_stay() -> None:
    made = rename_identifiers(JAVA, "java", Random(3))
    for kept in ("this.limit", ".count >", "continue label", "label:", ".rank", "FAST:", "<T>", " own = 1", "total("):
        assert kept in made
    assert "int limit" not in made
    assert re.sub(r"\w+", "w", made) == re.sub(r"\w+", "w", JAVA)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([("java", JAVA), ("c", C), ("cpp", CPP)]), st.booleans())
def test_names_are_consistent_new_and_reversible(seed: int, pair: tuple[str, str], function_name: bool) -> None:
    language, code = pair
    made = rename_identifiers(code, language, Random(seed), function_name=function_name)
    assert made == rename_identifiers(code, language, Random(seed), function_name=function_name)
    assert parse(made, language) is not None
    old, new = re.findall(r"\w+", code), re.findall(r"\w+", made)
    changed = {(one, two) for one, two in zip(old, new, strict=True) if one != two}
    assert len({one for one, _ in changed}) == len({two for _, two in changed}) == len(changed)
    assert not {two for _, two in changed} & set(old)
    assert len(own(made, language)) == len(own(code, language))


def test_the_functions_own_name_changes_on_wish_unless_it_is_used() -> None:
    once, twice = "int add(int a) { return a; }", "int add(int a) { return add(a); }"
    assert "add(" in rename_identifiers(once, "c", Random(1))
    assert "add(" not in rename_identifiers(once, "c", Random(1), function_name=True)
    assert rename_identifiers(twice, "c", Random(1), function_name=True).count("add(") == 2


def test_names_come_from_the_callers_list_and_no_keyword_does() -> None:
    made = rename_identifiers("int f(int a, int b) { return a + b; }", "java", Random(1), names=["for", "x", "y", "f"])
    assert sorted(set(re.findall(r"\w+", made))) == ["f", "int", "return", "x", "y"]
    short = rename_identifiers("int f(int a, int b) { return a + b; }", "java", Random(1), names=["x"])
    assert len(set(re.findall(r"\w+", short))) == 5


def test_harvested_names_are_as_frequent_as_in_the_code() -> None:
    codes = ["int f(int a) { return a + a; }", "int g(int a, int b) { return x; }", "broken ("]
    assert harvest_names(codes, "java") == ["a", "a", "b"]


@pytest.mark.parametrize("language", ["java", "c", "cpp", "python"])
@pytest.mark.parametrize("code", ["", "   \n", "int f(", "\ud800", "été = 1", "# only\n", "x\x00y"])
def test_what_has_nothing_to_rename_stays(code: str, language: str) -> None:
    assert rename_identifiers(code, language, Random(1)) == code


def test_unicode_stays_whole() -> None:
    made = rename_identifiers('String f(String été, int n) { return "日本\U0001f600" + été + n; }', "java", Random(1))
    assert '"日本\U0001f600" + été + ' in made
    assert " n)" not in made


def test_an_endless_function_is_left_alone_at_once() -> None:
    code = "int f(int a) {\n" + "    a = a + 1;\n" * 100_000 + "    return a;\n}\n"
    assert len(code) > MAX_BYTES
    start = time.monotonic()
    assert rename_identifiers(code, "java", Random(1)) == code
    assert time.monotonic() - start < 1


def plain(values, start=0):
    total = start
    for index, value in enumerate(values):
        total += value * index
    return total


def tricky(values, key=len, *rest, **named):
    import re as pattern

    number = [number for number in values if number > 1]
    pairs = {a: -b for a, b in zip(number, values, strict=False)}
    label = f"{number!r:>{len(values)}} {key=}"
    try:
        raise ValueError(values)
    except ValueError as error:
        text = str(error)
    (first, *others), last = (values, 1)
    add = lambda x, step=len(values): x + step  # noqa: E731, B008

    class Inner:
        total = 3

        def get(self):
            return total + self.total

    def outer(value, by=2):
        nonlocal last
        last = value
        return value * by

    total = sorted(values, key=lambda item: -item)
    if (size := len(values)) > 1:
        values = [*values, size]
    return (
        number,
        pairs,
        label,
        text,
        first,
        others,
        add(1),
        Inner.total,
        outer(2, by=3),
        last,
        total,
        values,
        rest,
        named,
        pattern.sub("a", "b", "a"),
        [[values] for values in values],
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_renamed_python_does_the_same(seed: int, values: list[int]) -> None:
    for function, arguments in ((plain, (values, 3)), (tricky, (values, max, 1, 2))):
        code = inspect.getsource(function)
        made = rename_identifiers(code, "python", Random(seed))
        assert made != code
        space: dict = {}
        exec(made, space)
        assert space[function.__name__](*arguments) == function(*arguments), made


def test_python_that_looks_itself_up_keeps_its_names() -> None:
    code = "def f(a):\n    b = a\n    return locals()\n"
    assert rename_identifiers(code, "python", Random(1)) == code
    assert own("def f(a, b=c):\n    global g\n    g = a\n    import os\n    return os, c, f(a=1)\n", "python") == {"b"}
