"""After every edit, the index gives the same hints as a new index of all texts."""

import random
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from avatar.code.functions import functions_of
from avatar.serve import Predictor
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import MOST_CLONES, Index
from avatar.serve.lsp.vectors import Vectors
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.student import LazyStudent
from students import TEXTS

FUNCTIONS = [text for text in TEXTS if 8 < text.count("\n") < 40 and not text.startswith(" ")][:24]


def middle_threshold(student: Path) -> float:
    """A threshold that about half of the pairs reach."""
    predictor = Predictor(student)
    texts = [functions_of(text, "python").functions[0].text for text in FUNCTIONS]
    return float(np.median(predictor.predict(list(combinations(texts, 2)))[:, 1]))


def expected(student: Path, files: dict[str, str], file: str, threshold: float) -> dict[str, set[str]]:
    """By brute force: for each function of `file`, the names of its clones in all files."""
    predictor = Predictor(student)
    functions = [(name, one) for name, text in files.items() for one in functions_of(text, "python").functions]
    answer = {}
    for name, one in functions:
        if name != file:
            continue
        others = [(other, two) for other, two in functions if (other, two) != (name, one)]
        chances = predictor.predict([(one.text, two.text) for _, two in others])[:, 1]
        same = [" ".join(two.text.split()) == " ".join(one.text.split()) for _, two in others]
        clones = {
            f"{other}:{two.name}"
            for (other, two), chance, exact in zip(others, chances, same, strict=True)
            if exact or chance >= threshold
        }
        if clones:
            answer[one.name] = clones
    return answer


def agrees(index: Index, file: str, wanted: dict[str, set[str]]) -> bool:
    """Whether the same functions have hints, with as many clones, and the most probable clones are listed."""
    hints = {hint.location.name: hint for hint in index.hints(file)}
    return hints.keys() == wanted.keys() and all(
        hints[name].count == len(clones)
        and len(hints[name].clones) == min(MOST_CLONES, len(clones))
        and {f"{clone.file}:{clone.name}" for clone, _ in hints[name].clones} <= clones
        for name, clones in wanted.items()
    )


def test_after_any_edits_the_hints_are_those_of_a_new_index(clone_student: Path) -> None:
    threshold = middle_threshold(clone_student)
    settings = EditorSettings(threshold=threshold, min_lines=1, min_words=0, simple=True)
    index = Index(LazyStudent(clone_student, 1), settings, NoCache())
    chance = random.Random(1)
    files: dict[str, str] = {}
    for step in range(40):
        name = f"{chance.randrange(4)}.py"
        if chance.random() < 0.15:
            files.pop(name, None)
            index.remove(name)
        else:
            files[name] = "\n".join(chance.sample(FUNCTIONS, 3))
            assert index.update(name, name, files[name]) == ""
        asked = chance.choice(sorted(files) or ["0.py"])
        assert agrees(index, asked, expected(clone_student, files, asked, threshold)), step


def test_a_likely_twin_comes_first(clone_student: Path) -> None:
    index = Index(LazyStudent(clone_student, 1), EditorSettings(threshold=0.0, min_lines=1, min_words=0), NoCache())
    index.update("a.py", "a.py", FUNCTIONS[0])
    index.update("b.py", "b.py", "\n".join(FUNCTIONS[:5]))
    (hint,) = index.hints("a.py")
    assert hint.clones[0][1] == hint.probability == 1.0
    chances = [chance for _, chance in hint.clones]
    assert chances == sorted(chances, reverse=True)
    assert len(hint.clones) == hint.count == 5


def test_suspicious_functions(fault_student: Path) -> None:
    chances = Predictor(fault_student).predict([functions_of(one, "python").functions[0].text for one in FUNCTIONS])
    threshold = float(np.median(chances[:, 1]))
    index = Index(
        LazyStudent(fault_student, 1),
        EditorSettings(threshold=threshold, min_lines=1, min_words=0, simple=True),
        NoCache(),
    )
    index.update("a.py", "a.py", "\n".join(FUNCTIONS))
    hints = index.hints("a.py")
    assert len(hints) == int((chances[:, 1] >= threshold).sum())
    assert all(not hint.clones for hint in hints)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "x", "language"),
        ("a.py", "x\x00y", "binary"),
        ("a.py", "x = 1\n" * 1_000_000, "larger"),
        ("a.py", "# @generated\n" + FUNCTIONS[0], "generated"),
    ],
)
def test_what_is_left_out_leaves_nothing_behind(clone_student: Path, name: str, content: str, said: str) -> None:
    index = Index(LazyStudent(clone_student, 1), EditorSettings(min_lines=1), NoCache())
    index.update("a", "a.py", FUNCTIONS[0])
    assert said in index.update("a", name, content)
    assert index.functions == 0
    assert index.hints("a") == []


def test_c_is_not_compared_with_python(clone_student: Path) -> None:
    index = Index(
        LazyStudent(clone_student, 1), EditorSettings(threshold=0.0, min_lines=1, min_words=0, simple=True), NoCache()
    )
    index.update("a.py", "a.py", FUNCTIONS[0])
    index.update("a.c", "a.c", "int f(int a) {\n  return a;\n}\n")
    assert index.hints("a.py") == []
    index.update("b.cpp", "b.cpp", "int g(int b) {\n  return b + 1;\n}\n")
    assert [hint.clones[0][0].file for hint in index.hints("a.c")] == ["b.cpp"]


def test_rows_are_used_again() -> None:
    vectors = Vectors(2)
    for number in range(1_000):
        vectors.add({str(number): np.full(2, number, np.float32)})
        vectors.hold(str(number))
        if number >= 300:
            assert vectors.release(str(number - 300))
    assert len(vectors) == 300
    near = vectors.matches("900", lambda a, b: 1 / (1 + np.abs(a - b).sum(1)), 0.3)
    assert set(near) == {"899", "901"}


def test_of_many_functions_the_nearest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar.serve.lsp.vectors.MOST_COMPARED", 10)
    vectors = Vectors(1)
    for number in range(100):
        vectors.add({str(number): np.full(1, number, np.float32)})
    seen = vectors.matches("50", lambda a, b: np.ones(len(a)), 0.5)
    assert set(seen) == {str(one) for one in range(45, 56)} - {"50"}


def test_a_thousand_equal_functions_take_no_time(clone_student: Path) -> None:
    index = Index(LazyStudent(clone_student, 1), EditorSettings(), NoCache())
    index.update("a.py", "a.py", FUNCTIONS[0] * 2_000)
    start = time.perf_counter()
    hints = index.hints("a.py")
    assert time.perf_counter() - start < 2
    assert {hint.count for hint in hints} == {1_999}
    assert max(len(hint.clones) for hint in hints) == MOST_CLONES
