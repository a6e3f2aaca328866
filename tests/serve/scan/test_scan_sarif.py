"""SARIF of real scans: locations and fingerprints of findings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from avatar.serve.scan.formats import FORMATS
from avatar.serve.scan.run_scan import Options, scan

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())
BODY = """
    int total = 0;
    for (int row = 0; row < {count}; row++) {{
        total += row * {count};
        if (total > 100) total -= {count};
    }}
    return total + {count};
}}
"""


def method(head: str, count: int) -> str:
    return head + " {" + BODY.format(count=count) + "\n"


def results(path: Path, student: Path, threshold: float = 0.0) -> list[dict[str, Any]]:
    report = scan(path, student, Options(threshold=threshold, min_words=20, tests=True, cache=False))
    content = json.loads(FORMATS.get("sarif")(report))
    jsonschema.Draft4Validator(SCHEMA).validate(content)
    (run,) = content["runs"]
    for one in run["results"]:
        one["root"] = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    return run["results"]


def uris(result: list[dict[str, Any]]) -> list[str]:
    locations = [location for one in result for location in (*one["locations"], *one.get("relatedLocations", ()))]
    return sorted(location["physicalLocation"]["artifactLocation"]["uri"] for location in locations)


def fingerprints(path: Path, student: Path, threshold: float = 0.0) -> dict[int, str]:
    """Fingerprints of findings, by first line."""
    result = {}
    for one in results(path, student, threshold):
        line = one["locations"][0]["physicalLocation"]["region"]["startLine"]
        result[line] = json.dumps(one["partialFingerprints"])
    return result


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    (folder / "pack age" / "src").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for name, count in (("A.java", 3), ("B.java", 3), ("C.java", 77)):
        text = "class X {\n" + method("int sum()", count) + "}\n"
        (folder / "pack age" / "src" / name).write_text(text)
    (folder / "pack age" / "src" / "big.java").write_text("x" * 2_000_000)
    return folder


def test_uris_of_a_subfolder_begin_at_the_repository(repository: Path, clone_student: Path) -> None:
    names = ["pack%20age/src/A.java", "pack%20age/src/B.java"]
    for path in (repository, repository / "pack age", repository / "pack age" / "src"):
        (result,) = results(path, clone_student, 1.0)
        assert uris([result]) == names
        assert result["root"] == repository.resolve().as_uri() + "/"
        assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2, "endLine": 9}
        assert "pack age/src/B.java:2-9" in result["message"]["text"]


def test_uris_of_a_file_and_of_notes_begin_at_the_repository(repository: Path, fault_student: Path) -> None:
    assert uris(results(repository / "pack age" / "src" / "A.java", fault_student)) == ["pack%20age/src/A.java"]
    report = scan(repository / "pack age", fault_student, Options(cache=False))
    (run,) = json.loads(FORMATS.get("sarif")(report))["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "pack%20age/src/big.java"


def test_a_folder_that_a_link_leads_to_has_its_own_address(
    repository: Path, fault_student: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(repository / "pack age" / "src")
    assert uris(results(tmp_path / "link", fault_student))[0] == "pack%20age/src/A.java"


def test_without_a_repository_uris_begin_at_the_scanned_folder(tmp_path: Path, fault_student: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "A.java").write_text("class X {\n" + method("int sum()", 3) + "}\n")
    (result,) = results(tmp_path / "src", fault_student)
    assert uris([result]) == ["A.java"]
    assert result["root"] == (tmp_path / "src").resolve().as_uri() + "/"


def test_a_finding_has_one_fingerprint_wherever_the_scan_began(repository: Path, fault_student: Path) -> None:
    whole, part = (fingerprints(path, fault_student) for path in (repository, repository / "pack age" / "src"))
    assert whole == part


OVERLOADS = ("int sum()", "int sum(int a)", "int sum(double a)", "int other()")


def test_overloads_have_their_own_fingerprints_that_stay(tmp_path: Path, fault_student: Path) -> None:
    file = tmp_path / "A.java"
    parts = [method(head, number + 2) for number, head in enumerate(OVERLOADS)]
    file.write_text("class A {\n" + "".join(parts) + "}\n")
    before = fingerprints(file, fault_student)
    assert len(before) == len(set(before.values())) == 4
    lines = sorted(before)
    file.write_text("class A {\n// moved\n\n" + "".join(parts) + "}\n")  # lines moved
    assert fingerprints(file, fault_student) == {line + 2: before[line] for line in lines}
    edited = [part.replace("> 100", "> 200") for part in parts]  # bodies changed
    file.write_text("class A {\n" + "".join(edited) + "}\n")
    assert fingerprints(file, fault_student) == before
    file.write_text("class A {\n" + "".join(reversed(parts)) + "}\n")  # another order
    assert set(fingerprints(file, fault_student).values()) == set(before.values())
    more = method("int sum(long a)", 9)
    file.write_text("class A {\n" + more + "".join(parts) + "}\n")  # one more
    assert set(before.values()) < set(fingerprints(file, fault_student).values())


@pytest.mark.parametrize("macro", ["TEST", "TEST_F"])
def test_tests_by_a_macro_have_their_own_fingerprints(tmp_path: Path, clone_student: Path, macro: str) -> None:
    """Two groups, each of two functions; all four have the same name."""
    heads = [f"{macro}(Sums, {name})" for name in ("First", "Second")]
    for name in ("a.cpp", "b.cpp"):
        (tmp_path / name).write_text("".join(method(head, number * 50 + 3) for number, head in enumerate(heads)))
    before = fingerprints(tmp_path, clone_student, 1.0)
    assert len(before) == len(set(before.values())) == 2
    for name in ("a.cpp", "b.cpp"):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(method(f"{macro}(Sums, Zeroth{name[0]})", ord(name[0])) + text)
    after = fingerprints(tmp_path, clone_student, 1.0)
    assert set(before.values()) == set(after.values())


def test_functions_alike_in_name_and_parameters_are_told_apart(tmp_path: Path, fault_student: Path) -> None:
    """Branches of #if, and nested classes of C++, can define the same twice; equal bodies included."""
    file = tmp_path / "a.c"
    file.write_text("#if A\n" + method("int sum(int a)", 3) + "#else\n" + method("int sum(int a)", 3) + "#endif\n")
    result = fingerprints(file, fault_student)
    assert len(result) == len(set(result.values())) == 2


def test_the_cache_keeps_what_tells_functions_apart(tmp_path: Path, fault_student: Path) -> None:
    (tmp_path / "A.java").write_text("class A {\n" + "".join(method(head, 5) for head in OVERLOADS) + "}\n")
    texts = []
    for _ in range(2):
        report = scan(tmp_path, fault_student, Options(threshold=0.0, cache_folder=tmp_path / "cache"))
        texts.append(FORMATS.get("sarif")(report))
    assert texts[0] == texts[1]
    assert report.counts.files_parsed == 0
