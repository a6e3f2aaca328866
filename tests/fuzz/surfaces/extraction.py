"""Programs in every registered language: functions, their texts, tokens, and changed copies."""

from pathlib import Path
from random import Random

from hypothesis import strategies as st
from mutation import randoms
from surface import Harness, Surface

from avatar.code.lexer import Lexer
from avatar.code.ngrams import ngram_features
from avatar.code.rewrite import rewrites
from avatar.code.text import DOCSTRINGS_KEPT, TextRules, function_text
from avatar.serve.scan.outline import outline
from surfaces._programs import program

REMOVED = TextRules("removed")
NAMES = ("first", "other_name", "x")


def make(folder: Path) -> Harness:
    """Each input is a language and a program."""
    lexer = Lexer()

    def run(value: tuple[str, str]) -> None:
        language, source = value
        rules = DOCSTRINGS_KEPT if len(source) % 2 else REMOVED
        result, texts = outline("file", source, language, rules)
        lines = source.count("\n") + source.count("\r") + 1
        for location in result.locations:
            assert 1 <= location.first_line <= location.last_line <= lines, location
            assert texts[location.key].strip()
        codes = [*texts.values(), function_text(source, rules, language)]
        ngram_features(lexer, codes, [language] * len(codes))
        for rewrite in rewrites(language, NAMES).values():
            rewrite(codes[0], Random(1))

    return Harness(st.builds(program, randoms()), run)


SURFACE = Surface("functions of programs", make, seconds=1.0, short=150)
