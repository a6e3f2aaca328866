"""Another layout or spelling does not change the code."""

import ast
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code import spelling
from avatar.code.python_layout import Style, random_style, relayout

CODE = '''@decorate(1, x=2)
async def f(a, /, b: int = 0xff, *args, c=(1, 2), **kw) -> None:
    """Text, with
  odd (indent."""
    # comment
    x = {'k': [1, 2,   # inner
               -3], "z": f"{a!r:>{b}} {{}} {kw['x']}"}; y = a[1: -b]
    if a<b and \\
            not c: return -1
    for i in range(10): pass
    lam = lambda *p, q=1: (p, q)
    s = ('one'
         'two') + r"\\d+" + b'by"te' . decode() + """tri
ple, (""" + u'uni'
    return 1 .real, 1_000_000, 0.5, 1e3, 2j, 0o17, x if a else.5, s[...], *args
'''


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_layout_keeps_the_tree(seed, respell):
    style = random_style(random.Random(seed))
    made, respelled = relayout(CODE, style, random.Random(seed), respell)
    assert (respelled > 0) is respell
    plain = [ast.dump(ast.parse(text)).replace("kind='u'", "") for text in (made, CODE)]
    assert plain[0] == plain[1], made
    assert "comment" not in made
    assert "inner" not in made


def test_style_shows():
    made, _ = relayout("def f(a, b):\n    return g(a, b == 1)\n", Style("\t", True, False, 1.0, 1.0), random.Random(0))
    assert made == "def f(a,\n\t\tb):\n\n\treturn g(a,\n\t\t\tb==1)\n"


def test_unusual_line_ends_inside_strings():
    code = "def f(a):\n    x = '\u2028 \x0b', f'{a}\u2028{a}'\n    return x\n"
    made, _ = relayout(code, Style("\t"), random.Random(0))
    assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(code))


@given(st.integers(0, 10**9) | st.floats(0, allow_nan=False, allow_infinity=False), st.integers(0, 99))
def test_numbers_keep_value_and_type(value, seed):
    again = ast.literal_eval(spelling.number(repr(value), random.Random(seed)))
    assert again == value
    assert type(again) is type(value)


@given(st.text(max_size=20) | st.binary(max_size=20), st.integers(0, 99))
def test_strings_keep_their_value(value, seed):
    made = spelling.string(repr(value), random.Random(seed))
    assert ast.literal_eval(made) == value


def test_literals_do_change():
    assert spelling.number("255", random.Random(0)) == "0xff"
    assert spelling.string("'ab'", random.Random(0)) == '"ab"'
    assert {spelling.string("'abcdefgh'", random.Random(seed)) for seed in range(40)} > {
        '"abcdefgh"',
        "\"ab\" 'cdefgh'",
    }
