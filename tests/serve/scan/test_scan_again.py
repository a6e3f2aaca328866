"""A scan with nothing changed gives the stored result; anything that may change the result is seen."""

import dataclasses
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from avatar.bundle import read_bundle
from avatar.common.hashing import file_digest
from avatar.serve.default_student import FOLDER
from avatar.serve.scan import last_result, run_scan
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.findings import FileOutline, Finding, Location, ScanReport
from avatar.serve.scan.function_vectors import FunctionVectors
from avatar.serve.scan.last_result import Result
from avatar.serve.scan.outliner import Outlined, Outliner
from avatar.serve.scan.run_scan import Options, scan
from avatar.serve.scan.source_files import Skipped
from avatar.serve.scan.student import LazyStudent
from function_variants import METHODS

SUM = "def {0}(values, start):\n    {1} = start\n    for value in values:\n        {1} += value * 2\n    return {1}\n"
RESULT = Result(
    (
        Finding((Location("a.py", "f", 1, 5, "python", "k", 5, 30, "(x)"),) * 2, 0.1 + 0.2, 1.0, kind=CloneKind.NEAR),
        Finding((Location("ü\ud800.c", "g", 1, 5, "c", "k", 5, 30),), 1.0, 1.0, True, 1),
    ),
    functions=3,
    functions_too_small=1,
    functions_distinct=2,
    languages=("c", "python"),
    skipped=(Skipped("b.py", "binary"),),
    notes=(Skipped("c.py", "syntax errors"),),
)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text(SUM.format("one", "total") + "\n\n" + SUM.format("two", "result"))
    (folder / "b.py").write_text(SUM.format("three", "amount"))
    (folder / "c.py").write_bytes(b"x = '\x00'\n")
    (folder / "d.java").write_text(f"class D {{\n{METHODS['java']}\n}}\n")
    return folder


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(threshold=0.3, min_words=10, cache_folder=tmp_path / "cache")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each scan that reads files or the outlines of files."""
    calls: list[int] = []

    class Counted(run_scan.Reading):
        def __init__(self, *arguments: object) -> None:
            calls.append(1)
            super().__init__(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(run_scan, "Reading", Counted)
    return calls


def without_counts(report: ScanReport) -> ScanReport:
    return dataclasses.replace(report, counts=type(report.counts)())


def test_a_second_scan_computes_nothing(code: Path, options: Options, computed: list[int]) -> None:
    first, second = scan(code, FOLDER, options), scan(code, FOLDER, options)
    assert len(computed) == 1
    assert first.findings
    assert first.skipped
    assert without_counts(second) == without_counts(first)
    assert {type(one.kind) for one in second.findings} == {type(one.kind) for one in first.findings}
    kept = ("files", "functions", "functions_too_small", "functions_distinct")
    assert [getattr(second.counts, name) for name in kept] == [getattr(first.counts, name) for name in kept]
    assert (second.counts.files_parsed, second.counts.functions_encoded, second.counts.comparisons) == (0, 0, 0)


def test_every_change_of_a_file_is_seen(code: Path, options: Options, computed: list[int]) -> None:
    before = scan(code, FOLDER, options)
    (code / "new.py").write_text(SUM.format("four", "number"))
    added = scan(code, FOLDER, options)
    assert len(computed) == 2
    assert added.counts.functions == before.counts.functions + 1
    (code / "new.py").unlink()
    assert without_counts(scan(code, FOLDER, options)) == without_counts(before)
    os.utime(code / "a.py", ns=(1, 1))
    scan(code, FOLDER, options)
    (code / "c.py").unlink()
    assert not scan(code, FOLDER, options).skipped
    assert len(computed) == 5


@pytest.mark.parametrize(
    "changed",
    [{"threshold": 0.9}, {"min_words": 500}, {"min_lines": 50}, {"languages": ("java",)}, {"cross_language": True}],
    ids=str,
)
def test_other_options_have_their_own_result(
    code: Path, options: Options, computed: list[int], changed: dict[str, object]
) -> None:
    other = dataclasses.replace(options, **changed)  # type: ignore[arg-type]
    first, second = scan(code, FOLDER, options), scan(code, FOLDER, other)
    assert len(computed) == 2
    assert without_counts(scan(code, FOLDER, options)) == without_counts(first)
    assert without_counts(scan(code, FOLDER, other)) == without_counts(second)
    assert len(computed) == 2


def test_another_program_computes_again(
    code: Path, options: Options, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(code, FOLDER, options)
    monkeypatch.setattr(last_result, "_program", lambda: "another version")
    scan(code, FOLDER, options)
    assert len(computed) == 2


def test_the_modules_of_a_scan_are_part_of_the_state() -> None:
    names = {Path(row.split(" ")[0]).name for row in last_result._program().splitlines()}
    assert {"groups.py", "clone_kinds.py", "lexer.py", "pair_head.py", "walking.py"} <= names


def test_a_damaged_result_is_computed_again(code: Path, options: Options, computed: list[int]) -> None:
    first = scan(code, FOLDER, options)
    assert options.cache_folder is not None
    cache = Cache(file_digest(read_bundle(FOLDER).folder / "manifest.json"), options.cache_folder)
    with sqlite3.connect(cache.path) as store:
        assert store.execute("UPDATE results SET result = '{\"findings\": [[]]}'").rowcount == 1
    store.close()
    cache.close()
    assert without_counts(scan(code, FOLDER, options)) == without_counts(first)
    assert len(computed) == 2


def test_a_file_that_was_too_slow_is_tried_again(
    code: Path, options: Options, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Outliner._answer

    def slow(self: Outliner, file: str, seconds: float) -> Outlined:
        result = answer(self, file, seconds)
        return Outlined(FileOutline(skipped="left out: too slow"), {}, ended=True) if file == "b.py" else result

    with monkeypatch.context() as patched:
        patched.setattr(Outliner, "_answer", slow)
        first = scan(code, FOLDER, options)
    second = scan(code, FOLDER, options)
    assert len(computed) == 2
    assert (first.counts.functions + 1, second.counts.files_parsed) == (second.counts.functions, 1)


def test_since_is_never_stored(code: Path, options: Options, computed: list[int]) -> None:
    for command in ("init -q", "add .", "-c user.name=a -c user.email=b commit -qm first"):
        assert os.system(f"git -C {code} {command}") == 0
    since = dataclasses.replace(options, since="HEAD")
    assert scan(code, FOLDER, options).findings
    assert not scan(code, FOLDER, since).findings
    assert not scan(code, FOLDER, since).findings
    assert len(computed) == 3


def test_a_result_is_read_as_it_was_written() -> None:
    assert Result.from_text(RESULT.text()) == RESULT


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"findings": [[1]]}', RESULT.text()[:-9], "null"])
def test_a_wrong_text_is_no_result(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Result.from_text(text)


def locations(texts: Sequence[str]) -> list[Location]:
    return [Location("a.py", "f", 1, 5, "python", text[:20], 5, 30) for text in texts]


def test_functions_are_encoded_once_while_files_are_read(tmp_path: Path) -> None:
    student = LazyStudent(FOLDER, 1)
    texts = [SUM.format(f"name{number}", f"value{number % 7}") for number in range(300)]
    places = locations(texts)
    expected = student.predictor.encode_texts(texts, ["python"] * len(texts))

    def refuse(wanted: Sequence[Location]) -> dict[str, str]:
        raise AssertionError(wanted)

    for _ in range(2):
        cache = Cache("student", tmp_path)
        vectors = FunctionVectors(student, cache)
        for start in range(0, 300, 50):
            part = slice(start, start + 50)
            vectors.take(places[part], dict(zip([one.key for one in places[part]], texts[part], strict=True)))
        vectors.finish()
        assert vectors.encoded in (300, 0)
        keys, table = vectors.table([*places, *places], refuse)
        assert keys == [one.key for one in places]
        np.testing.assert_array_equal(table, expected)
        np.testing.assert_array_equal(vectors.of(places[:1], refuse)[keys[0]], expected[0])
        cache.close()
    assert vectors.encoded == 0


def test_the_same_vectors_when_texts_are_asked_for() -> None:
    student = LazyStudent(FOLDER, 1)
    texts = [SUM.format(f"name{number}", "value") for number in range(5)]
    places = locations(texts)
    text_of = dict(zip([one.key for one in places], texts, strict=True))
    vectors = FunctionVectors(student, NoCache())
    _, table = vectors.table(places, lambda wanted: {one.key: text_of[one.key] for one in wanted})
    np.testing.assert_array_equal(table, student.predictor.encode_texts(texts, ["python"] * 5))
    assert vectors.encoded == 5
