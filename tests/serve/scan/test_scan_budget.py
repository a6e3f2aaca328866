"""Texts that would take minutes are left out, and everything else is scanned."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from avatar.code.languages import LANGUAGES
from avatar.code.text import TextRules
from avatar.serve.cli import main
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import Index
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.formats.sarif import sarif
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.run_scan import Options, scan, scan_texts
from avatar.serve.scan.student import LazyStudent
from hostile_texts import QUADRATIC, SUFFIXES, hostile

CODE = "def twin(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"
BUDGET = re.compile(r"left out: parsing it needs more than [\d.]+ seconds of CPU time")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", QUADRATIC)
def test_a_hostile_file_is_left_out_and_the_others_are_scanned(name: str, tmp_path: Path, clone_student: Path) -> None:
    language, text = hostile(name, 100_000)
    (tmp_path / f"bad{SUFFIXES[language]}").write_text(text)
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "z.py").write_text(CODE)
    start = time.process_time()
    report = scan(tmp_path, clone_student, Options(min_words=0, simple=True, threshold=1.0))
    assert time.process_time() - start < 5
    assert [len(one.functions) for one in report.findings] == [2]
    (left_out,) = report.skipped
    assert left_out.name == f"bad{SUFFIXES[language]}"
    assert BUDGET.fullmatch(left_out.reason)
    notes = json.loads(sarif(report))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert any(left_out.reason in one["message"]["text"] for one in notes)
    again = scan(tmp_path, clone_student, Options(min_words=0, simple=True, threshold=1.0))
    assert again.skipped == report.skipped, "a result that depends on the budget is not kept in the cache"
    assert again.counts.files_parsed == 1


@pytest.mark.timeout(60)
def test_the_budget_can_be_set(tmp_path: Path, clone_student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.c").write_text(hostile("stray comment ends", 14_000)[1])
    arguments = ["scan", str(tmp_path), "--bundle", str(clone_student), "--format", "json", "--no-cache", "--quiet"]
    assert main([*arguments, "--parse-seconds", "0.05"]) == 0
    assert [one["reason"] for one in json.loads(capsys.readouterr().out)["skipped"]] == [
        "left out: parsing it needs more than 0.05 seconds of CPU time"
    ]
    assert main([*arguments, "--parse-seconds", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == []
    with pytest.raises(SystemExit):
        main([*arguments, "--parse-seconds", "0"])


@pytest.mark.timeout(60)
def test_many_hostile_files_keep_their_order(tmp_path: Path, clone_student: Path) -> None:
    names = []
    for number in range(30):
        bad = number % 5 == 2
        names += [f"{number:02}.c"] * bad
        (tmp_path / f"{number:02}.c").write_text(
            hostile("stray comment ends", 50_000)[1] if bad else f"int f{number}(int a) {{ return a; }}\n" * 30
        )
    report = scan(
        tmp_path, clone_student, Options(min_lines=0, min_words=0, simple=True, threshold=1.0, parse_seconds=0.2)
    )
    assert [one.name for one in report.skipped] == names
    assert report.counts.functions == 24 * 30


@pytest.mark.timeout(60)
def test_texts_and_editors_have_the_same_budget(clone_student: Path) -> None:
    student = LazyStudent(clone_student, 1)
    bad = hostile("words and brackets", 100_000)[1]
    report = scan_texts(
        [("bad.cpp", bad), ("a.py", CODE), ("b.py", CODE)], student, Options(min_words=0, simple=True, threshold=1.0)
    )
    assert [(one.name, bool(BUDGET.fullmatch(one.reason))) for one in report.skipped] == [("bad.cpp", True)]
    assert len(report.findings) == 1
    index = Index(student, EditorSettings(threshold=1.0, min_words=0, simple=True, parse_seconds=0.3), NoCache())
    assert index.update("a", "a.py", CODE) == ""
    assert index.update("bad", "bad.cpp", bad) == "left out: parsing it needs more than 0.3 seconds of CPU time"
    assert index.update("b", "b.py", CODE) == ""
    assert [len(one.clones) for one in index.hints("b")] == [1]
    index.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_scan_at_once(tmp_path: Path, clone_student: Path, signum: signal.Signals) -> None:
    (tmp_path / "a.c").write_text(hostile("stray comment ends", 900_000)[1])
    command = [sys.executable, "-m", "avatar.serve.cli", "scan", str(tmp_path), "--bundle", str(clone_student)]
    with subprocess.Popen(
        [*command, "--parse-seconds", "50"], stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        begin = time.monotonic()
        while len(children(process.pid)) < 1 and time.monotonic() - begin < 30:
            time.sleep(0.05)
        time.sleep(1)
        workers = descendants(process.pid)
        start = time.monotonic()
        process.send_signal(signum)
        process.wait(20)
        assert time.monotonic() - start < 2
    assert process.returncode in (130, -signal.SIGTERM)
    if signum == signal.SIGINT:
        assert not [one for one in workers if running(one)], "nothing goes on without the scan"


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


OFTEN = ("c", "python", "typescript")
"""Languages of the default tests; the others take as long again."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "language", [one if one in OFTEN else pytest.param(one, marks=pytest.mark.slow) for one in LANGUAGES.names()]
)
def test_every_grammar_has_the_budget(language: str) -> None:
    outliner = Outliner(TextRules(), seconds=0.3)
    for name in QUADRATIC:
        text = hostile(name, 200_000)[1]
        start = time.monotonic()
        outliner.of_text("a", text, language)  # most are left out; some grammars read some of the texts quickly
        assert time.monotonic() - start < 20
        assert outliner.of_text("b", "x", language).outline.skipped == ""
    outliner.close()
