"""On real functions every rewrite gives code that parses as before, and nearly all of them can be rewritten."""

import ast
import inspect
import json
import textwrap
import time
from pathlib import Path
from random import Random

import pytest

from avatar.code.parsing import parse
from avatar.code.rewrite import rewrites
from avatar.code.text import function_text
from syntax import tokens


def functions(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(next(lines))["func"] for _ in range(10 * count)]
    return rows[::10]


@pytest.fixture(scope="module")
def codes(avatar_data: Path) -> dict[str, list[str]]:
    return {
        "java": functions(avatar_data / "bcb" / "data.jsonl", 300),
        "c": functions(avatar_data / "devign" / "train.jsonl", 300),
        "cpp": functions(avatar_data / "reveal" / "functions.jsonl", 300),
    }


@pytest.mark.parametrize(("language", "share"), [("java", 0.95), ("c", 0.8), ("cpp", 0.6)])
@pytest.mark.parametrize("kind", ["rename", "reformat", "dead_code"])
def test_rewritten_functions_parse(codes: dict[str, list[str]], language: str, share: float, kind: str) -> None:
    change = rewrites(language)[kind]
    changed = 0
    for seed, text in enumerate(codes[language]):
        code = function_text(text, language=language)
        made = change(code, Random(seed))
        changed += made != code
        if parse(code, language) is None:
            assert made == code
        else:
            assert parse(made, language) is not None, made
            if kind == "reformat":
                assert tokens(made, language) == tokens(code, language)
            if kind == "rename":
                assert len(tokens(made, language)) == len(tokens(code, language))
    assert changed >= share * len(codes[language])


def test_the_standard_library_keeps_its_tree() -> None:
    for seed, (_, function) in enumerate(inspect.getmembers(inspect, inspect.isfunction)):
        code = textwrap.dedent(inspect.getsource(function))
        for kind, change in rewrites("python").items():
            tree = ast.parse(change(code, Random(seed)))
            if kind == "rename":
                assert [type(node) for node in ast.walk(tree)] == [type(node) for node in ast.walk(ast.parse(code))]
            if kind == "reformat":
                assert ast.dump(tree) == ast.dump(ast.parse(code))


def test_renaming_is_fast_enough_for_training(codes: dict[str, list[str]]) -> None:
    change = rewrites("java")["rename"]
    start = time.process_time()
    for code in codes["java"]:
        change(code, Random(1))
    assert len(codes["java"]) / (time.process_time() - start) > 300  # about 3,000 on a laptop; detects large losses
