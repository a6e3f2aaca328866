"""A scan that has looked at nothing is no success."""

import json
from pathlib import Path

import pytest

from avatar.serve.cli import main

CODE = "def twin(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"


@pytest.mark.parametrize("fail_on", [[], ["--fail-on", "0.9"]])
@pytest.mark.parametrize(
    ("files", "languages", "expected"),
    [
        ({}, [], "there is no file in"),
        ({"a.txt": "text"}, [], "there is no file in"),
        ({"a.py": CODE}, ["--languages", "java"], "there is no file in Java below"),
        ({".hidden/a.py": CODE, "vendor/b.py": CODE}, [], "all source files below"),
        ({".gitignore": "*\n", "a.py": CODE}, [], "are left out (1)"),
    ],
)
def test_no_file_is_an_error(
    tmp_path: Path,
    clone_student: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    languages: list[str],
    expected: str,
    fail_on: list[str],
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert main(["scan", str(tmp_path), "--bundle", str(clone_student), *fail_on, *languages]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nothing was scanned" in captured.err
    assert expected in captured.err


def test_fail_on_decides_nothing_without_a_file(
    tmp_path: Path, clone_student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b.py").write_text("# @generated\n" + CODE)
    arguments = ["scan", str(tmp_path), "--bundle", str(clone_student), "--quiet", "--format", "json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["files_read"] == 0
    assert main([*arguments, "--fail-on", "0.9"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["findings"] == [], "the report is written all the same"
    assert "--fail-on cannot decide, because all files were left out: a\\x1b.py: generated" in captured.err
    (tmp_path / "b.py").write_text("x = 1\n")
    assert main([*arguments, "--fail-on", "0.9"]) == 0


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": "def f():\n    return 1\n"}, "no function was scanned: 1 file, 1 functions too small"),
        ({"a.py": "# @generated\n" + CODE, "b.py": "x = 1\n"}, "no function was scanned: 1 of 2 files left out"),
    ],
)
def test_no_function_is_a_warning(
    tmp_path: Path, clone_student: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], expected: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for style in ("table", "json", "sarif", "html"):
        assert main(["scan", str(tmp_path), "--bundle", str(clone_student), "--quiet", "--format", style]) == 0
        assert expected in capsys.readouterr().out
    assert main(["scan", str(tmp_path), "--bundle", str(clone_student), "--quiet", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"][0].startswith(expected)
