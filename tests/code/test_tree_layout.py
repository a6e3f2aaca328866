"""A layout by the syntax tree: the text of a page, strings and line ends with a meaning stay."""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code.parsing import parse
from avatar.code.reformat import reformat
from syntax import tokens

CODE = """export const Row = async function* ({ a, b = 2 }, c) {
  const text = `one
    two ${ a ? 'x' : "y" }`, pattern = /["'`]\\/ {/g // it's
  if (a) { b = a ? .5 : 1 } else
  {
    b++
  }
  for (let i = 0; i < 3; i++) c.push( -i , ! a, {a, b})
  label()
  { b-- }
  return <li title="it's"  {...c}>
    Don't stop {a} {b}  now // here
    {/* left */ c &&
      <b/>}
  </li>
}
"""


def sketch(code: str) -> list[str]:
    """The kinds of all nodes but comments."""
    parsed = parse(code, "javascript")
    assert parsed is not None
    kinds, nodes = [], [parsed.root]
    while nodes:
        node = nodes.pop()
        if node.type != "comment" and not (node.type == "jsx_text" and not (node.text or b"").strip()):
            kinds.append(node.type)
            nodes += reversed(node.children)
    return kinds


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6))
def test_the_page_shows_the_same(seed: int) -> None:
    made = reformat(CODE, "javascript", Random(seed))
    assert made != CODE
    assert made == reformat(CODE, "javascript", Random(seed))
    assert tokens(made, "javascript") == tokens(CODE, "javascript")
    assert sketch(made) == sketch(CODE)
    for kept in (
        "`one\n    two ${ a ? 'x' : \"y\" }`",
        "Don't stop {a} {b}  now // here\n",
        '"it\'s"  {...c}>',
        "label()\n",
    ):
        assert kept in made


def test_layouts_differ_in_every_way() -> None:
    made = [reformat(CODE, "javascript", Random(seed)) for seed in range(80)]
    for seen in ("\t", ")\n{", ")\n  {", ") {", "c.push(-i,", "// it's", "\n\n", "b=2", "i=0;i < 3"):
        assert any(seen in text for text in made), seen
        assert not all(seen in text for text in made), seen
    assert len(set(made)) > 40


def test_indentation_follows_the_levels_of_the_source() -> None:
    code = "function f() {\n      if (a)\n          b()\n      c()\n}\n"
    for seed in range(30):
        made = reformat(code, "javascript", Random(seed)).expandtabs(4)
        width = {word: len(re.search(rf"^ *(?={word})", made, re.MULTILINE)[0]) for word in ("if", "b", "c", "}")}  # type: ignore[index]
        assert width["b"] == 2 * width["if"] == 2 * width["c"] > width["}"] == 0
