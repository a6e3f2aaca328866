import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.code.functions import functions_of
from avatar.code.text import DOCSTRINGS_KEPT
from avatar.common.errors import DataError
from avatar.data.records import Task
from avatar.serve import Predictor
from avatar.serve.cli import _parser, main
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS
from avatar.serve.scan.findings import ScanReport
from avatar.serve.scan.outline import outline
from avatar.serve.scan.run_scan import Options, scan
from students import TEXTS, tiny_bundle

TWIN = """\
def twin(values, limit):
    total = 0
    skipped = 0
    largest = None
    for value in values:
        if value > limit and value % 2 == 1:
            total += value * limit
            largest = max(largest, value)
        elif value < 0 and largest is not None:
            skipped += 1
            total -= largest * skipped
            largest = min(largest, limit - value)
    return total, largest
"""
LARGE = [
    text
    for text in TEXTS
    if (one := outline("a.py", text, "python", DOCSTRINGS_KEPT)[0].locations[0]).words >= 81 and not one.form
][:6]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Three files: two have the same function in different layouts, one holds a dozen others."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text(TWIN)
    (folder / "b.py").write_text(
        "class A:\n    " + TWIN.replace("\n    ", "\n        ") + "\n\ndef small():\n    return 1\n"
    )
    (folder / "c.py").write_text("\n".join(LARGE))
    return folder


def members(report: ScanReport) -> list[set[str]]:
    return [{f"{location.file}:{location.name}" for location in finding.functions} for finding in report.findings]


def test_the_old_name_of_chance_neighbours_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    parser = _parser()
    assert parser.parse_args(["scan", "."]).chance_neighbours == CHANCE_NEIGHBOURS
    for name in ("--chance-neighbours", "--twins-by-chance"):
        assert parser.parse_args(["scan", ".", name, "3"]).chance_neighbours == 3.0
    with pytest.raises(SystemExit):
        main(["scan", "--help"])
    shown = capsys.readouterr().out
    assert "--chance-neighbours" in shown
    assert "twins" not in shown


def test_exact_duplicates_are_found_at_any_threshold(code: Path, clone_student: Path) -> None:
    report = scan(code, clone_student, Options(threshold=1.0))
    assert members(report) == [{"a.py:twin", "b.py:A.twin"}]
    assert report.findings[0].exact
    assert report.counts.functions == 2 + len(LARGE)
    assert report.counts.functions_distinct == report.counts.functions_encoded == 1 + len(LARGE)
    assert report.counts.functions_too_small == 1


def test_pairs_are_those_of_the_predictor(code: Path, clone_student: Path) -> None:
    report = scan(code, clone_student, Options(threshold=0.0, min_lines=1, min_words=0, simple=True))
    (group,) = report.findings
    assert len(group.functions) == 3 + len(LARGE)
    two = code / "two.py"
    two.write_text(LARGE[0] + "\n" + LARGE[1])
    (pair,) = scan(two, clone_student, Options(threshold=0.0)).findings
    texts = [text for _, text in sorted(_texts(two).items())]
    assert pair.probability == pytest.approx(Predictor(clone_student).predict([(texts[0], texts[1])])[0, 1], abs=1e-4)


def _texts(file: Path) -> dict[int, str]:
    return {one.first_line: one.text for one in functions_of(file.read_text(), "python").functions}


def test_the_order_of_a_pair_does_not_matter(tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path / "bundle", Task.PAIR, head="concat").folder
    result = []
    for number, order in enumerate(((0, 1), (1, 0))):
        file = tmp_path / f"{number}.py"
        file.write_text("\n".join(LARGE[row] for row in order))
        result.append(scan(file, folder, Options(threshold=0.0)).findings[0].probability)
    assert result[0] == pytest.approx(result[1], abs=1e-5)


def test_suspicious_functions_are_those_above_the_threshold(code: Path, fault_student: Path) -> None:
    every = scan(code, fault_student, Options(threshold=0.0))
    probabilities = [finding.probability for finding in every.findings]
    assert len(probabilities) == 2 + len(LARGE)
    assert probabilities == sorted(probabilities, reverse=True)
    threshold = float(np.median(probabilities))
    some = scan(code, fault_student, Options(threshold=threshold))
    assert [one.probability for one in some.findings] == [p for p in probabilities if p >= threshold]
    assert scan(code, fault_student).threshold == 0.5


def test_a_second_scan_touches_only_what_changed(code: Path, clone_student: Path) -> None:
    options = Options(threshold=0.5)
    first = scan(code, clone_student, options)
    second = scan(code, clone_student, options)
    assert (second.counts.files_parsed, second.counts.functions_encoded, second.counts.comparisons) == (0, 0, 0)
    assert second.findings == first.findings
    file = code / "c.py"
    file.write_text(
        file.read_text().replace(LARGE[3], LARGE[3] + "    extra_statement_here = 1\n    return extra_statement_here\n")
    )
    third = scan(code, clone_student, options)
    assert (third.counts.files_parsed, third.counts.functions_encoded) == (1, 1)
    assert third.counts.comparisons == len(LARGE)
    afresh = scan(code, clone_student, Options(threshold=0.5, cache=False))
    assert afresh.counts.functions_encoded == 1 + len(LARGE)
    assert members(third) == members(afresh)
    (code / "a.py").unlink()
    assert members(scan(code, clone_student, Options(threshold=1.0))) == []


def test_functions_are_compared_with_their_own_language_only(code: Path, clone_student: Path) -> None:
    (code / "a.c").write_text("int f(int a) {\n  int b = a;\n  b += 1;\n  b += 2;\n  return b + a * 2 - 1;\n}\n")
    (code / "a.cpp").write_text((code / "a.c").read_text().replace("f(", " f("))
    report = scan(code, clone_student, Options(threshold=0.0, min_words=20))
    assert [{location.language for location in one.functions} for one in report.findings] == [{"python"}, {"c", "cpp"}]
    only = scan(code, clone_student, Options(threshold=0.0, min_words=20, languages=["c", "cpp"]))
    assert [len(one.functions) for one in only.findings] == [2]


def test_a_file_of_100_000_lines_is_read(tmp_path: Path, clone_student: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n" * 99_990 + TWIN)
    (tmp_path / "b.py").write_text("x = 1\n" * 400_000)
    report = scan(tmp_path, clone_student)
    assert report.counts.functions == 1
    assert [(one.name, one.reason) for one in report.skipped] == [("b.py", "larger than 1 MB")]


def test_a_file_without_functions_is_no_error(tmp_path: Path, clone_student: Path, fault_student: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    for student in (clone_student, fault_student):
        assert scan(tmp_path, student).findings == ()


def test_skipped_and_broken_files_are_said_again_from_the_cache(tmp_path: Path, clone_student: Path) -> None:
    (tmp_path / "a.c").write_bytes(b"int f;\x00")
    (tmp_path / "b.c").write_bytes(b"int f( { caf\xe9")
    for _ in range(2):
        report = scan(tmp_path, clone_student)
        assert [(one.name, one.reason) for one in report.skipped] == [("a.c", "binary")]
        assert report.notes[0].reason.startswith("not UTF-8: invalid bytes were replaced; syntax errors")


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ([], 0),
        (["--fail-on", "1"], 1),
        (["--threshold", "1", "--fail-on", "0"], 1),
    ],
)
def test_exit_status_tells_ci_what_was_found(
    code: Path, clone_student: Path, extra: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", str(code), "--bundle", str(clone_student), *extra]) == status
    assert "functions of" in capsys.readouterr().out


def test_what_should_fail_is_looked_for(code: Path, clone_student: Path) -> None:
    assert scan(code, clone_student, Options(fail_on=0.3)).threshold == 0.3
    assert scan(code, clone_student, Options(fail_on=0.99)).threshold == 0.95
    assert scan(code, clone_student, Options(fail_on=0.3, threshold=0.7)).threshold == 0.7


def test_a_file_that_changed_unnoticed_is_said(
    code: Path, clone_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outline is in the cache, the vectors are not, and the content changed with equal time and size."""
    scan(code, clone_student)
    file = code / "a.py"
    status = file.stat()
    file.write_text(TWIN.replace("total", "other"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    monkeypatch.setattr("avatar.serve.scan.cache.Cache.vectors", lambda *_: {})
    with pytest.raises(DataError, match=r"a\.py changed while"):
        scan(code, clone_student, Options(threshold=0.1))
    assert scan(code, clone_student, Options(cache=False)).counts.files == 3


def test_formats_are_written_to_a_file(
    code: Path, clone_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, start in (("json", "{"), ("sarif", "{"), ("html", "<!DOCTYPE html>"), ("table", "  1. ")):
        target = tmp_path / f"out.{name}"
        arguments = ["scan", str(code), "--bundle", str(clone_student), "--threshold", "1", "--format", name]
        assert main([*arguments, "--output", str(target)]) == 0
        assert target.read_text().startswith(start)
        assert not capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["findings"][0]["exact"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no file or folder"),
        ([".", "--since", "HEAD"], "git"),
        ([".", "--output", "{bundle}/config.json/x"], "cannot write"),
    ],
)
def test_bad_requests_are_one_message(
    tmp_path: Path,
    clone_student: Path,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(TWIN)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    named = [argument.format(bundle=clone_student) for argument in arguments]
    assert main(["scan", *named, "--bundle", str(clone_student)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [["--threshold", "2"], ["--fail-on", "x"], ["--min-lines", "-1"], ["--format", "pdf"], ["--languages", "cobol"]],
)
def test_bad_options_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["scan", ".", *wrong])
    assert stopped.value.code == 2


def test_the_student_of_the_environment_is_used(
    code: Path, clone_student: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVATAR_BUNDLE", str(clone_student))
    assert main(["scan", str(code), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["bundle"] == str(clone_student)


def test_scans_without_torch(code: Path, clone_student: Path) -> None:
    program = (
        "import sys\nfrom avatar.serve.cli import main\nstatus = main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'mlflow', 'hydra', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\nsys.exit(status)"
    )
    arguments = ["scan", str(code), "--bundle", str(clone_student), "--fail-on", "1", "--format", "sarif"]
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=dict(os.environ), timeout=60
    )
    assert answer.returncode == 1, answer.stderr
    assert json.loads(answer.stdout)["version"] == "2.1.0"
