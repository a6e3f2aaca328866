"""Tokens and n-gram features: what changes them, and what must not."""

import hashlib
import time

import numpy as np
import pytest

from avatar.code import lexer
from avatar.code.languages import LANGUAGES
from avatar.code.lexer import IDENTIFIER, Lexer
from avatar.code.ngrams import KINDS, ngram_features
from function_variants import METHODS

LEXER = Lexer()
HOSTILE = ("'", "\\'", '"""', "/*", "`", "a", "1e+", "\\", " ", " \x00")


def features(code: str, language: str | None = None, kinds: tuple[str, ...] = KINDS) -> set[int]:
    return set(ngram_features(LEXER, [code], [language], kinds)[0].tolist())


def test_layout_and_comments_do_not_count() -> None:
    plain = "int f(int a) { return a + 1; }"
    assert features(plain, "c") == features("int f( int a )\n{\n  // why\n  return a+1; /* so */\n}\n", "c")
    assert features("def f(a):\n    return a // 2\n", "python") == features(
        "def f( a ):\n  return a//2  # half\n", "python"
    )


def test_a_division_in_python_is_no_comment() -> None:
    assert features("x = a // b + c", "python") != features("x = a // d + c", "python")
    assert features("x = a; // b + c", "c") == features("x = a; // d + c", "c")


def test_structure_does_not_depend_on_names_of_variables() -> None:
    one = "for (int i = 0; i < n; i++) { total += values[i]; }"
    two = "for (int k = 0; k < count; k++) { sum += items[k]; }"
    structural = tuple(kind for kind in KINDS if kind.startswith("r"))
    assert features(one, "java", structural) == features(two, "java", structural)
    other = "for (int k = 0; k < count; k++) { sum += items[sum]; }"
    assert features(one, "java", structural) != features(other, "java", structural)


def test_the_same_in_several_languages() -> None:
    python = LEXER(["if a is None and not b: return x.size"], ["python"]).tokens.tolist()
    java = LEXER(["if (a is null && !b) return x.length;"], ["java"]).tokens.tolist()
    brackets = {int(one) for one in LEXER(["( ) :"], ["python"]).tokens}
    assert [one for one in python if one not in brackets] == [one for one in java if one not in brackets]


def test_functions_of_one_call_do_not_mix() -> None:
    codes = ["a = b + c", "", "x(y)", "a = b + c"]
    digests, rows = ngram_features(LEXER, codes, ["python"] * 4)
    for row, code in enumerate(codes):
        assert sorted(digests[rows == row].tolist()) == sorted(ngram_features(LEXER, [code], ["python"])[0].tolist())


def test_digests_are_the_same_on_every_machine() -> None:
    digests, _ = ngram_features(Lexer(), ["total += price"], ["python"], ("w1", "r3"))
    assert digests.tolist() == RECORDED


RECORDED = [17214043915719951517, 17671001266221698229, 5668449628575894075]


MANY = [
    ("python", 'def f(a, *b):\n    """Say."""\n    return [c.d(a) for c in b if c is not None]  # why\n'),
    (
        "java",
        "int f(int[] a) { for (int i = 0; i < a.length; i++) { if (a[i] >= 1e+5) return i; } /* no */ return -1; }",
    ),
    ("cpp", "auto f(std::vector<int> const& a) { return a.size() ? a->b : nullptr; } // end"),
    ("rust", "pub fn f(mut a: usize) -> u64 { loop { a += 1; if a > 0x1f { break } } a as u64 }"),
    ("ruby", "def f(a)\n  return nil unless a.empty?\n  until b == 'x y' do c end\nend\n"),
    ("php", "function f($a) { return $a?->b ?? count($a['long key here']); }"),
    ("kotlin", "fun f(a: List<Int>): Int { val b = a.size; when (b) { 1 -> return 2 }; return `in`() }"),
    ("csharp", 'internal string F(ref int a) => a switch { 1 => "one\\"two", _ => null };'),
    ("go", 'func (s *S) F(a map[string]int) error { if v, ok := a["k"]; ok && v != 0 { return nil } }'),
    ("typescript", "const f = async (a?: string) => { await g(a!.b); return a === undefined ? 1.5 : 2 ** 3; };"),
]
STRANGE = [
    "",
    " " * 300 + "x'",
    "\x0b\xa0c\u2003d '",
    "é漢字 = 'x' ²½ ٣",
    "1e+5.x 0x1f 3.14L",
    "$a->b?.c ?? d",
    "a" * 70,
]


def test_the_features_of_many_languages_are_the_recorded_ones() -> None:
    """A student that was trained with other features would read nonsense."""
    rows = [*MANY, *(("python", text) for text in STRANGE), *((None, text) for text in STRANGE)]
    digests, owners = ngram_features(Lexer(), [code for _, code in rows], [language for language, _ in rows])
    assert (digests.dtype, owners.dtype) == (np.uint64, np.int32)
    content = digests.astype("<u8").tobytes() + owners.astype("<i4").tobytes()
    assert hashlib.sha256(content).hexdigest() == RECORDED_OF_MANY


RECORDED_OF_MANY = "4b33c537adc394fb43297536c0327129a06e6b0121067c259f3964187569aef3"


def test_forgotten_tokens_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, languages = [code for _, code in MANY], [language for language, _ in MANY]
    expected = [ngram_features(Lexer(), [one], [name])[0] for one, name in zip(codes, languages, strict=True)]
    monkeypatch.setattr(lexer, "MOST_TOKENS", 20)
    forgetful = Lexer()
    for _ in range(2):
        for code, language, digests in zip(codes, languages, expected, strict=True):
            np.testing.assert_array_equal(ngram_features(forgetful, [code], [language])[0], digests)


@pytest.mark.parametrize("language", LANGUAGES.names())
def test_every_language_has_tokens(language: str) -> None:
    read = LEXER([METHODS[language]], [language])
    assert (read.kinds == IDENTIFIER).sum() > 10
    assert len(read.words) > 10


@pytest.mark.parametrize("text", [part * 50_000 for part in HOSTILE])
@pytest.mark.parametrize("language", ["c", "python"])
def test_any_text_in_linear_time(text: str, language: str) -> None:
    start = time.process_time()
    ngram_features(LEXER, [text], [language])
    assert time.process_time() - start < 2


def test_no_functions() -> None:
    digests, rows = ngram_features(LEXER, [], [])
    assert digests.dtype == np.uint64
    assert len(digests) == len(rows) == 0
