"""An answer that comes from nothing is marked, and what cannot be used is one message."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from avatar.serve import Predictor, Student
from avatar.serve.cli import main
from avatar.serve.scan.cache import Cache
from avatar.serve.scan.run_scan import Options, scan
from avatar.serve.scan.student import LazyStudent
from students import TEXTS

pytestmark = pytest.mark.timeout(120)

WARNING = "the student knows nothing in 1 of the 2 functions: its answers for them say nothing"


def test_a_function_without_anything_known(
    tmp_path: Path, clone_student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text(TEXTS[0])
    (tmp_path / "b.py").write_text("#\n")  # only a comment
    assert main(["predict", str(tmp_path / "a.py"), str(tmp_path / "b.py")]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [WARNING]
    known = Student.default().answer([[TEXTS[0], TEXTS[1]]], ["python", "python"])
    assert known.warnings == ()
    predictor = Predictor(clone_student)
    assert predictor.answer([[TEXTS[0], ""]], [None, None]).warnings == (WARNING,)
    assert predictor.answer([[TEXTS[0], TEXTS[1]]], [None, None]).warnings == ()


@pytest.mark.parametrize("command", ["predict", "scan"])
@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 300])
def test_a_name_that_no_file_can_have(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"predict": [name, name], "scan": [name]}[command]
    assert main([command, *arguments]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert "bug in avatar" not in error


@pytest.mark.parametrize("damage", ["another width", "another width for all", "not a number"])
def test_vectors_of_a_damaged_cache_are_made_again(tmp_path: Path, clone_student: Path, damage: str) -> None:
    for number in range(3):
        (tmp_path / f"{number}.py").write_text(TEXTS[number])
    options = Options(threshold=0.0, min_lines=0, min_words=0, cache_folder=tmp_path / "cache")
    expected = scan(tmp_path, clone_student, options).findings
    assert expected
    cache = Cache(LazyStudent(clone_student, 1).digest, tmp_path / "cache")
    cache.close()
    with sqlite3.connect(cache.path) as store:
        keys = [key for (key,) in store.execute("SELECT key FROM vectors ORDER BY key")]
        vector = np.full(24 if damage == "not a number" else 7, np.nan if damage == "not a number" else 1.0, "<f4")
        for key in keys if damage == "another width for all" else keys[:1]:
            store.execute("UPDATE vectors SET vector = ? WHERE key = ?", (vector.tobytes(), key))
        store.execute("DELETE FROM pairs")
    store.close()
    assert scan(tmp_path, clone_student, options).findings == expected
