"""Names in scanned code cannot change a terminal, a log or a README."""

import json
import logging
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from avatar.common.errors import DataError
from avatar.common.logging import SafeFormatter
from avatar.common.output import complain
from avatar.common.printable import printable
from avatar.report.figures import latency_bars
from avatar.report.html_page import Report, svg, write_report
from avatar.report.model_card import model_card
from avatar.report.result_table import Row, render
from avatar.report.result_table import summary as summary_of
from avatar.serve.cli import main
from avatar.serve.scan.findings import Counts, ScanReport
from avatar.serve.scan.formats.base import summary
from avatar.serve.scan.source_files import SourceFile, source_files

CODE = "def {}(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"
NAMES = ["\x1b[31mred\x1b[0m", "over\rwritten", "two\nlines", "bell\x07", "\x9b2J", "\u202egnp", os.fsdecode(b"\xff")]
UNSAFE = set(map(chr, [*range(32), *range(127, 160), 0x202E, *range(0xD800, 0xE000)])) - {"\n"}


def test_what_is_printable_stays() -> None:
    assert printable("café Ω 漢字 🎉 a\tb", lines=True) == "café Ω 漢字 🎉 a\tb"
    assert printable("a\nb\x1b\u202e\udcff") == "a\\nb\\x1b\\u202e\\xff"


@pytest.mark.parametrize("name", NAMES)
def test_names_in_tables_and_messages(
    tmp_path: Path, clone_student: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for copy in "ab":
        (tmp_path / f"{name}{copy}.py").write_text(CODE.format("twin"))
    (tmp_path / f"{name}.c").write_bytes(b"\x00")
    (tmp_path / f"{name}.java").write_text("class A { int f( { } }")
    arguments = ["--bundle", str(clone_student), "--min-words", "0", "--threshold", "1", "--quiet"]
    assert main(["scan", str(tmp_path), *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.out.count(f"{printable(name)}a.py:1-5") == 1
    assert f"skipped: {printable(name)}.c: binary" in captured.out
    assert not UNSAFE & set(captured.out + captured.err)
    assert main(["scan", str(tmp_path / f"{name}-missing"), *arguments]) == 2
    assert not UNSAFE & set(capsys.readouterr().err)


@pytest.mark.parametrize("style", ["json", "sarif", "html"])
def test_names_in_reports_for_programs(
    tmp_path: Path, clone_student: Path, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for copy in "ab":
        (tmp_path / f"{NAMES[4]}{NAMES[5]}{copy}.rb").write_text(
            f"def {NAMES[4]}é\n  total = 0\n  values.each do |one|\n    total += one\n  end\n  total\nend\n"
        )
    arguments = ["--bundle", str(clone_student), "--min-words", "0", "--threshold", "1", "--quiet", "--format", style]
    assert main(["scan", str(tmp_path), *arguments]) == 0
    output = capsys.readouterr().out
    assert not UNSAFE & set(output)
    if style == "json":
        (finding,) = json.loads(output)["findings"]
        assert finding["functions"][0]["file"] == f"{NAMES[4]}{NAMES[5]}a.rb"


def test_the_revision_is_printed_safely() -> None:
    report = ScanReport("", "pair", "clone", 0.9, (), Counts(), since="\x1b[2J")
    assert not UNSAFE & set(summary(report))


def test_an_argument_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["scan", ".", "--format", "\x1b[2J"])
    assert not UNSAFE & set(capsys.readouterr().err)


def test_reports_of_a_training() -> None:
    evil = "\x1b]0;title\x07\u202e $x_{ \\frac"
    frame = summary_of([Row(evil, scores={"accuracy": 0.5}, latency_ms=1.0)])
    assert not UNSAFE & set(render(frame))
    figures = {"Latency": latency_bars({evil: 1.0, "student": 2.0})}
    assert "svg" in svg(figures["Latency"])  # a wrong formula was an error at the end of a training


def test_the_page_of_a_training(tmp_path: Path) -> None:
    frame = pd.DataFrame({"accuracy": [0.5]}, index=pd.Index([NAMES[0]], name="model"))
    path = tmp_path / "report.html"
    write_report(Report(title=NAMES[4], table=frame, notes=(NAMES[5],), config=NAMES[6]), path)
    assert not UNSAFE & set(path.read_text(encoding="utf-8"))


def test_logs_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord(
        "avatar", 20, "", 1, "cannot read %s: %s (%d)", ("a\nb\x1b", DataError("x\x1b", "y"), 3), None
    )
    assert SafeFormatter("%(message)s").format(record) == "cannot read a\\nb\\x1b: x\\x1b\n  hint: y (3)"
    complain("avatar: \x1b[2J\r\u202e")
    assert capsys.readouterr().err == "avatar: \\x1b[2J\\r\\u202e\n"


def test_the_card_of_a_bundle() -> None:
    evil = "\x1b]0;title\x07\u202e![x](http://a)"
    frame = pd.DataFrame({"accuracy": [0.5]}, index=pd.Index([evil], name="model"))
    report = Report(title=evil, summary=evil, table=frame, notes=(evil,), facts={evil: evil}, config=f"teacher: {evil}")
    card = model_card(report)
    assert not UNSAFE & set(card)
    assert "![x](http" not in card.partition("## Configuration")[0]


@pytest.mark.timeout(60)
def test_folders_of_any_depth(tmp_path: Path, clone_student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for depth in range(1_500):
        Path("d").mkdir()
        os.chdir("d")
        if depth in (10, 1_499):
            Path("a.py").write_text(CODE.format("twin"))
    os.chdir(tmp_path)
    try:
        files = [one for one in source_files(tmp_path) if isinstance(one, SourceFile)]
        assert [one.name.count("/") for one in files] == [11, 1_500]
        assert main(["scan", str(tmp_path), "--bundle", str(clone_student), "--min-words", "0"]) == 0
    finally:
        subprocess.run(["rm", "-r", "d"], check=True)  # pytest cannot remove it


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    result = [(one.name, getattr(one, "reason", "")) for one in source_files(tmp_path)]
    assert result == [("a.py", ""), ("closed", "cannot be read: Permission denied")]
