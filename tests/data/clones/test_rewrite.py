"""Rewrites keep the meaning: rewritten functions return the same results."""

import ast
import bisect
import colorsys
import heapq
import inspect
import random
import statistics
import textwrap
from pathlib import Path
from types import FunctionType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.data.clones.collect import functions_of, structure
from avatar.data.clones.rewriter import GRADES, rewrite
from avatar.data.clones.rewrites.base import REWRITES, FunctionContext, Surroundings
from avatar.data.clones.rewrites.names import renameable

SAMPLES = """
def collect_even(items, limit):
    found = []
    total = 0
    for item in items:
        if item % 2 == 0 and not (item < 0 or item > limit):
            found.append(item * 10)
    for index, item in enumerate(items):
        total += index if 0 <= index < 1000 else 255
    return found, total
---
def nested(items, limit):
    a = b = 0
    label, rest = "number", []
    while a < len(items):
        value = items[a]
        a += 1
        if value == 7:
            continue
        if value > limit:
            break
        else:
            rest.append(f"{value!r:>4}{label}")
    for i in range(len(rest)):
        b += len(rest[i])
    return a, b, rest, [x + y for x in items if x for y in (1, 2)], {k: k * 2 for k in items}
---
def guarded(items, limit):
    result = None
    try:
        result = [limit // item for item in items]
    except ZeroDivisionError as problem:
        result = str(problem)
    finally:
        done = True
    if result is not None:
        if done:
            result = (result, "yes")
    middle = limit
    return result if -5 < middle < 50 else (None, middle, 1_000_000, 0.5, 'it\\'s', b"bytes and more")
---
def shadows(items, limit):
    def inner(value, step=2):
        nonlocal limit
        limit += value
        return value * step
    class Local:
        size = limit
        def get(self):
            return [size for size in items]
    output = [inner(value=one) for one in items]
    first, *others = items or [None]
    match items:
        case [one, two, *tail]:
            kind = (one, two, tail)
        case _:
            kind = "few words here"
    return output, limit, Local.size, Local().get(), first, others, kind, sorted(items, key=lambda one: -one)
---
def generates(items, limit):
    for item in items:
        if not item:
            yield "zero"
        elif item < limit:
            got = yield item
            yield got
        else:
            return
    yield from (item for item in items)
---
def early(items, limit):
    items = [item for item in items if item is not None]
    if not items:
        return limit
    highest = items[0]
    for items_left in items:
        if items_left > highest:
            highest = items_left
    return "%s of %s" % (highest, len(items)) + 'a long plain string' \\
        "another one"
---
def scan(items, limit):
    places = []
    while True:
        if limit <= 0 or len(places) > 5:
            break
        limit -= 3
        if limit in items:
            places.append(limit)
            if limit > 4:
                places.append(-1)
        if items and limit == 1: return places
    return not places and not items, places
"""
PURE = SAMPLES.split("---\n")

AROUND = Surroundings(("item", "value", "data"), ("self.close()", "log.info('x')", "self.name = value"))


def run(code: str, *arguments: object) -> object:
    space: dict[str, object] = {}
    exec(compile(code, "<test>", "exec", dont_inherit=True), space)
    function = next(value for value in space.values() if isinstance(value, FunctionType))
    copied = [list(one) if isinstance(one, list) else one for one in arguments]
    try:
        result = function(*copied)
        return (list(result) if inspect.isgenerator(result) else result), copied
    except Exception as error:
        return type(error)


def source(function: FunctionType) -> str:
    return textwrap.dedent(inspect.getsource(function))


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(PURE),
    st.sampled_from(GRADES),
    st.integers(0, 10**6),
    st.lists(st.integers(-3, 12), max_size=6),
    st.integers(-4, 20),
)
def test_pure_functions_keep_their_results(code, grade, seed, items, limit):
    made = rewrite(code, grade, seed, AROUND)
    assert made.code != code
    assert run(made.code, items, limit) == run(code, items, limit), made.code


@pytest.mark.parametrize("name", [name for name in REWRITES.names() if REWRITES.get(name).grade > 1])
def test_each_rewrite_applies_somewhere_and_keeps_results(name):
    """Each rewrite alone on every sample with several seeds; it must apply at least once."""
    fired = 0
    samples = [*PURE, EXTRA]
    for seed in range(12):
        for code in samples:
            function = ast.parse(code).body[0]
            context = FunctionContext(function, random.Random(seed), AROUND)
            if not REWRITES.get(name).apply(context):
                continue
            fired += 1
            made = ast.unparse(function)
            for items, limit in (([], 3), ([1, 2, 7, 4], 5), ([0, 3], 60), ([12, 2, 2], -1)):
                assert run(made, items, limit) == run(code, items, limit), made
    assert fired


EXTRA = """
def extra(items, limit):
    first = 1
    second = []
    third = items
    if limit:
        answer = "a"
    else:
        answer = "b"
    if items:
        return answer, third
    else:
        limit = 3
    if limit > 1:
        if not items and limit < 100:
            second = [limit]
    picked = []
    for one in (5, 6, 7):
        if one != limit:
            picked.append(one + first)
    if limit == 4:
        outcome = picked, second
        return outcome
    steps = 1
    steps += 2
    total = steps
    for place in range(3):
        total = total * 2 + place
    return picked if picked else second
"""

LIBRARY = [
    (colorsys.rgb_to_hls, st.tuples(*[st.floats(0, 1)] * 3)),
    (colorsys.rgb_to_hsv, st.tuples(*[st.floats(0, 1)] * 3)),
    (colorsys.hsv_to_rgb, st.tuples(*[st.floats(0, 1)] * 3)),
    (textwrap.indent, st.tuples(st.text("ab \n", max_size=30), st.just("> "))),
    (heapq.nsmallest, st.tuples(st.integers(-1, 5), st.lists(st.integers(), max_size=8))),
    (statistics.median, st.tuples(st.lists(st.integers(-50, 50), max_size=8))),
    (statistics.median_grouped, st.tuples(st.lists(st.integers(0, 9), max_size=8))),
]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(GRADES), st.integers(0, 10**6))
@pytest.mark.parametrize(("function", "inputs"), LIBRARY, ids=lambda one: getattr(one, "__name__", ""))
def test_library_functions_keep_their_results(function, inputs, data, grade, seed):
    made = rewrite(source(function), grade, seed, AROUND)
    space = dict(function.__globals__)
    exec(compile(made.code, "<test>", "exec", dont_inherit=True), space)
    name = ast.parse(made.code).body[0].name
    arguments = data.draw(inputs)

    def outcome(call):
        try:
            return call(*arguments)
        except Exception as error:
            return type(error)

    assert outcome(space[name]) == outcome(function), made.code


def test_bisect_in_pure_python():
    text = Path(bisect.__file__).read_text(encoding="utf-8")
    sources = {name: code for name, code, _ in functions_of(text)}
    for seed in range(30):
        made = rewrite(sources["bisect_right"], 3, seed)
        for x in range(-1, 8):
            result, _ = run(made.code, [0, 1, 1, 4, 6], x)
            assert result == bisect.bisect_right([0, 1, 1, 4, 6], x)


def names_of(code: str) -> set[str]:
    return renameable(ast.parse(code).body[0])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(a, b=len):\n    c = a.b\n    return c + GLOBAL", {"a", "b", "c"}),
        ("def f(x, y=x):\n    return x", {"y"}),
        ("def f(a):\n    global g\n    g = a", {"a"}),
        ("def f(a):\n    def h(k):\n        nonlocal a\n        a = k\n    return h", set()),
        ("def f(a):\n    b = a\n    return locals()", set()),
        ("def f(a):\n    return eval('a')", set()),
        ("def f(a):\n    import os.path as p\n    return [x for x in a], p", {"a", "x"}),
        ("def f(a):\n    [x for x in a]\n    return x", {"a"}),
        ("def f(self, n):\n    return self.f(n=n - 1)", set()),
        ("def f(x):\n    class A:\n        x = x\n    return A", set()),
        ("def f(a):\n    return [(y := v) for v in a], y", {"a", "v"}),
        ("def f(a):\n    return sorted(a, key=lambda k: k)", {"a"}),
        ("def f(a):\n    try:\n        pass\n    except E as e:\n        return e", {"a", "e"}),
    ],
)
def test_only_own_names_may_be_renamed(code, expected):
    assert names_of(code) == expected


def test_reflective_functions_keep_their_tree():
    code = "def f(a, b):\n    c = a\n    d = b\n    return '%(c)s' % locals()\n"
    for seed in range(20):
        made = rewrite(code, 3, seed)
        assert set(made.applied) <= {"layout", "literals"}
        assert ast.dump(ast.parse(made.code)) == ast.dump(ast.parse(code))


def test_independent_statements_swap_and_dependent_ones_do_not():
    swap = REWRITES.get("swap_statements").apply
    free = ["def f(p):\n    a = 1\n    b = p\n    return a, b"]
    bound = [
        "def f(p):\n    a = 1\n    b = a\n    return a, b",
        "def f(p):\n    a = p\n    a = 2\n    return a",
        "def f(p):\n    a = p()\n    b = p\n    return a, b",
        "def f(p):\n    a = p.x\n    b = p[0]\n    return a, b",
        "def f(p):\n    global a\n    a = 1\n    b = 2\n    return b",
    ]
    for code, expected in [(one, True) for one in free] + [(one, False) for one in bound]:
        results = [swap(FunctionContext(ast.parse(code).body[0], random.Random(seed))) for seed in range(10)]
        assert any(results) is expected, code


def test_loops_stay_where_a_comprehension_would_differ():
    for code in (
        "def f(p):\n    x = []\n    for i in p:\n        x.append(i)\n    return x, i",
        "def f(p):\n    x = []\n    for i in p:\n        x.append(len(x))\n    return x",
        "def f(p):\n    try:\n        x = []\n        for i in p:\n            x.append(i)\n    except E:\n        x",
        "def f(p):\n    x = []\n    for i in p:\n        x.append((yield i))\n    return x",
        "def f(p):\n    x = []\n    for i in p:\n        x.append(lambda: i)\n    return x",
        "def f(self, p):\n    x = []\n    for i in p:\n        x.append(super().g(i))\n    return x",
    ):
        context = FunctionContext(ast.parse(code).body[0], random.Random(0))
        assert not REWRITES.get("loop_to_comprehension").apply(context), code


def test_grades_mean_clone_types():
    code = "def f(first, second):\n    # sum\n    total = first + 255\n    return total, 'text', second\n"
    for seed in range(20):
        one, two, three = (rewrite(code, grade, seed) for grade in GRADES)
        assert ast.dump(ast.parse(one.code)) == ast.dump(ast.parse(code))
        assert one.grade == 1
        assert structure(ast.parse(two.code).body[0]) == structure(ast.parse(code).body[0])
        assert two.grade == 2
        assert "rename_locals" not in two.applied or "total" not in two.code
        assert three.grade == 3
        assert rewrite(code, 3, seed) == three
