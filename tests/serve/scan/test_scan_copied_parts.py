"""A copied file or class is one finding."""

from pathlib import Path

import pytest
from test_scan_clone_rules import SMALL, TOTAL, groups, in_file, written

from avatar.serve.default_student import find_bundle
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.copied_parts import with_copied_parts
from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.run_scan import Options, scan


def one(file: str, name: str, line: int = 1) -> Location:
    return Location(file, name, line, line + 8, "python", name, 9, 90)


def pair(first: Location, second: Location, kind: CloneKind = CloneKind.EXACT) -> Finding:
    return Finding((first, second), 0.9, 1.0, kind == CloneKind.EXACT, kind=kind)


def shared(first: str, second: str, count: int, scope: str = "") -> list[Finding]:
    names = [f"{scope}f{number}" for number in range(count)]
    return [pair(one(first, name, 10 * row), one(second, name, 10 * row)) for row, name in enumerate(names)]


def everything(findings: list[Finding], *more: Location) -> list[Location]:
    return [*(function for finding in findings for function in finding.functions), *more]


def test_a_copied_file_is_one_finding() -> None:
    near = pair(one("a.py", "g", 80), one("b.py", "g", 90), CloneKind.NEAR)
    other = pair(one("a.py", "h", 99), one("c.py", "h", 1))
    findings = [*shared("a.py", "b.py", 3), near, other]
    copied, rest = with_copied_parts(findings, everything(findings))
    assert copied.kind == CloneKind.COPIED
    assert copied.copies == 4
    assert [(function.file, function.name, function.words) for function in copied.functions] == [
        ("a.py", "a.py", 360),
        ("b.py", "b.py", 360),
    ]
    assert (copied.functions[1].first_line, copied.functions[1].last_line) == (0, 98)
    assert rest == other


@pytest.mark.parametrize("count", [2, 3])
def test_fewer_than_three_common_functions_are_no_copy(count: int) -> None:
    findings = shared("a.py", "b.py", count)
    assert len(with_copied_parts(findings, everything(findings))) == (1 if count == 3 else 2)


def test_most_of_the_smaller_file_must_be_in_the_other() -> None:
    findings = shared("a.py", "b.py", 3)
    others = [one(file, f"other{number}") for file in ("a.py", "b.py") for number in range(4)]
    assert with_copied_parts(findings, everything(findings, *others)) == findings
    assert len(with_copied_parts(findings, everything(findings, *others[:4]))) == 1  # b.py is within a.py


def test_functions_that_differ_do_not_make_a_copy() -> None:
    findings = [pair(*finding.functions, CloneKind.NEAR) for finding in shared("a.py", "b.py", 5)]
    assert with_copied_parts(findings, everything(findings)) == findings


def test_a_copied_class_in_one_file_is_one_finding() -> None:
    names = [f"f{number}" for number in range(3)]
    findings = [
        pair(one("a.py", f"A.{name}", row), one("a.py", f"B.{name}", 50 + row)) for row, name in enumerate(names)
    ]
    (copied,) = with_copied_parts(findings, everything(findings))
    assert [function.name for function in copied.functions] == ["A", "B"]


def test_three_copies_are_one_finding() -> None:
    names = [f"f{number}" for number in range(4)]
    findings = [
        Finding(tuple(one(file, name) for file in ("a.py", "b.py", "c.py")), 1.0, 1.0, True, kind="exact")
        for name in names
    ]
    (copied,) = with_copied_parts(findings, everything(findings))
    assert [function.file for function in copied.functions] == ["a.py", "b.py", "c.py"]


@pytest.mark.parametrize("language", sorted(TOTAL))
def test_a_scan_shows_a_copied_file_once(language: str, tmp_path: Path) -> None:
    small = [SMALL[language].format(name=name) for name in ("first", "second")]
    text = in_file(language, "".join([TOTAL[language], *small]))
    names = {f"{folder}/orders.{language}" for folder in ("old", "new")}
    written(tmp_path, dict.fromkeys(names, text))
    (finding,) = (report := scan(tmp_path, find_bundle(None), Options(cache=False, min_words=50))).findings
    assert groups(report) == [names]
    assert (finding.kind, finding.exact) == (CloneKind.COPIED, True)
    assert any("--split-copies" in one.option for one in report.left_out)
    split = scan(tmp_path, find_bundle(None), Options(cache=False, min_words=50, split_copies=True))
    assert split.findings
    assert all(function.name != f"orders.{language}" for one in split.findings for function in one.functions)


def test_two_copies_of_a_package_are_one_finding() -> None:
    """Each file has one function: no file is a copy by itself."""
    findings = [pair(one(f"lib/cjs/{name}.js", name), one(f"lib/esm/{name}.js", name)) for name in ("a", "b", "deep/c")]
    (copied,) = with_copied_parts(findings, everything(findings))
    assert [function.name for function in copied.functions] == ["lib/cjs/", "lib/esm/"]
    assert copied.copies == 3


def test_files_of_one_name_in_different_folders_are_no_copied_package() -> None:
    findings = [pair(one(f"{name}/index.js", name), one(f"other{name}/index.js", name)) for name in "abc"]
    assert with_copied_parts(findings, everything(findings)) == findings
