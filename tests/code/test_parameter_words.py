"""The words among the parameters of a function, in every way of writing them."""

import pytest

from avatar.code.lexer import Lexer, digest
from avatar.code.ngrams import KINDS, ngram_features

HOLDERS = {
    "python": "class Solution(object):\n    def f(self, {}):\n        return g(other)\n",
    "java": "@Override public int f({}) {{ return g(other); }}",
    "javascript": "f({}) {{ return list.map(function(other) {{ return 1 }}) }}",
    "go": "func f({}) int {{ return g(other) }}",
    "rust": "pub fn f({}) -> i32 {{ g(other) }}",
    "c": "int f({}) {{ return g(other); }}",
}


def features(code: str, language: str, kinds: tuple[str, ...]) -> set[int]:
    digests, _ = ngram_features(Lexer(), [code], [language], kinds)
    return set(digests.tolist())


@pytest.mark.parametrize("language", HOLDERS)
def test_words_of_the_parameters_are_features_of_their_own(language: str) -> None:
    code, other = (HOLDERS[language].format(words) for words in ("firstName, size", "firstName, other"))
    mine = features(code, language, ("p1",))
    assert len(mine) >= 3  # first, name, size, and in Python self
    assert len(features(other, language, ("p1",)) - mine) == 1
    changed_body = code.replace("other", "something")
    assert features(changed_body, language, ("p1", "p2")) == features(code, language, ("p1", "p2"))
    assert mine.isdisjoint(features(code, language, ("w1",)))


@pytest.mark.parametrize("decorator", ["@app.route('/x')\n", "@cached\n", ""])
def test_a_decorator_is_not_the_parameters(decorator: str) -> None:
    code = "def view(request, item):\n    return g(x)\n"
    assert features(decorator + code, "python", ("p1",)) == features(code, "python", ("p1",))


@pytest.mark.parametrize("code", ["", "x", "f(", "f(a", ")a(", "((", "fn", "fn fn(", "f(a, (b)) c"])
def test_any_text_has_its_features(code: str) -> None:
    digests, rows = ngram_features(Lexer(), ["int g(int q) {}", code, ""], ["c", "c", None], KINDS)
    assert len(digests) == len(rows)
    alone, _ = ngram_features(Lexer(), [code], ["c"], KINDS)
    assert sorted(digests[rows == 1].tolist()) == sorted(alone.tolist())


def test_nested_parentheses_end_with_their_own() -> None:
    words = features("int f(int a, (b) c) { d(e); }", "c", ("p1",))
    assert words == features("int f(int a, b c) { z(y); }", "c", ("p1",))
    assert digest("w" + "d") not in words
