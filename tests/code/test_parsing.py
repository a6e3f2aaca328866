"""Texts that are parsed, by which grammar, and texts that are refused."""

import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from avatar.code.languages import LANGUAGES
from avatar.code.parsing import MAX_BYTES, load, parse, reserved
from avatar.common.errors import ConfigError
from hostile_texts import QUADRATIC, hostile


def grammar_of(code: str, language: str) -> str | None:
    parsed = parse(code, language)
    return None if parsed is None else parsed.language.name


def test_cpp_reads_what_c_cannot() -> None:
    assert grammar_of("int f(int a) { return a; }", "c") == "c"
    assert grammar_of("void A::f(std::vector<int> &a) { for (auto x : a) g<int>(x); }", "c") == "cpp"


def test_a_java_constructor_gets_its_class_and_loses_it_again() -> None:
    code = "public Point(int x) throws IOException { super(x); this.x = x; }"
    parsed = parse(code, "java")
    assert parsed is not None
    assert parsed.unwrap(parsed.source) == code


@pytest.mark.parametrize("language", LANGUAGES.names())
@pytest.mark.parametrize("code", ["int f( {", "}}} ((", "\ud800 x = (", "x" * (MAX_BYTES + 1)])
def test_broken_or_endless_code_is_no_tree(code: str, language: str) -> None:
    assert parse(code, language) is None


def test_unknown_languages_are_named() -> None:
    with pytest.raises(ConfigError, match="no language is called 'jawa'") as caught:
        load("jawa")
    assert "java" in caught.value.hint


def test_keywords_are_reserved() -> None:
    assert {"for", "int", "null", "true", "instanceof"} <= reserved("java")
    assert {"sizeof", "unsigned", "NULL", "class"} <= reserved("c")
    assert {"lambda", "None", "self"} <= reserved("python")


@pytest.mark.timeout(60, method="thread")
@pytest.mark.parametrize("name", QUADRATIC)
def test_a_text_that_would_take_minutes_is_no_tree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar.code.parsing.SECONDS", 0.2)
    language, text = hostile(name, MAX_BYTES)
    start = time.thread_time()
    assert parse(text, language) is None
    assert time.thread_time() - start < 2


@pytest.mark.timeout(60, method="thread")
def test_cancelling_leaves_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    code, hostile_text = "int f(int a) { return a; }", hostile("stray comment ends", 20_000)[1]

    def many(seed: int) -> None:
        random = Random(seed)
        for _ in range(100):
            monkeypatch.setattr("avatar.code.parsing.SECONDS", random.uniform(0.0, 0.005))
            assert parse(hostile_text, "c") is None
        monkeypatch.setattr("avatar.code.parsing.SECONDS", 5.0)
        assert parse(code, "c") is not None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, range(4)))
