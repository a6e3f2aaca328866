import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from avatar.serve.scan.findings import Counts, Finding, Location, ScanReport
from avatar.serve.scan.formats import FORMATS
from avatar.serve.scan.source_files import Skipped

# OASIS's schema of SARIF 2.1.0 (rtm.4), as the source distribution of sarif-om 1.0.4 (MIT) holds it
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())


def location(file: str, name: str, line: int) -> Location:
    return Location(file, name, line, line + 2, "python", f"key {name}", 3, 30)


@pytest.fixture
def report(tmp_path: Path) -> ScanReport:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "<i>.py").write_text(
        "def one():\n    x = '</code><script>alert(1)</script>'\n    return x\n" * 3
    )
    members = (
        location("a b/<i>.py", "A.one", 1),
        location("a b/<i>.py", "two", 4),
        location("gone\udcff.py", "three", 1),
    )
    return ScanReport(
        root=str(tmp_path),
        task="pair",
        label="clone",
        threshold=0.9,
        findings=(
            Finding(members, 0.97, 0.99),
            Finding((location("x.py", "d", 1), location("y.py", "d", 1)), 1.0, 1.0, exact=True, changed=1),
        ),
        counts=Counts(files=3, functions=5),
        skipped=[Skipped("big.c", "larger than 1 MB")],
        notes=[Skipped("broken.c", "syntax errors, functions may be missing")],
    )


@pytest.fixture
def faults(report: ScanReport) -> ScanReport:
    only = replace(report.findings[0], functions=report.findings[0].functions[:1])
    return replace(report, task="function", label="vulnerable", findings=(only,))


def test_sarif_is_valid_and_points_to_the_places(report: ScanReport, faults: ScanReport) -> None:
    for one in (report, faults, replace(report, findings=(), skipped=[], notes=[])):
        content = json.loads(FORMATS.get("sarif")(one))
        jsonschema.Draft4Validator(SCHEMA).validate(content)
        (run,) = content["runs"]
        assert len(run["results"]) == len(one.findings)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    result = json.loads(FORMATS.get("sarif")(report))["runs"][0]["results"][0]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "a%20b/%3Ci%3E.py", "uriBaseId": "SRCROOT"}
    assert location["region"] == {"startLine": 1, "endLine": 3}
    others = [one["physicalLocation"]["artifactLocation"]["uri"] for one in result["relatedLocations"]]
    assert others == ["a%20b/%3Ci%3E.py", "gone%FF.py"]


def test_the_schema_does_refuse_what_is_wrong(report: ScanReport) -> None:
    content = json.loads(FORMATS.get("sarif")(report))
    content["runs"][0]["results"][0]["level"] = "terrible"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(content)


def test_fingerprints_stay_when_lines_move(report: ScanReport) -> None:
    def prints(one: ScanReport) -> list[dict[str, str]]:
        results = json.loads(FORMATS.get("sarif")(one))["runs"][0]["results"]
        return [result["partialFingerprints"] for result in results]

    moved = [
        replace(one, functions=tuple(replace(each, first_line=each.first_line + 7) for each in one.functions))
        for one in report.findings
    ]
    assert prints(report) == prints(replace(report, findings=tuple(moved)))
    assert len({str(one) for one in prints(report)}) == 2


def test_json_holds_everything(report: ScanReport) -> None:
    content = json.loads(FORMATS.get("json")(report).encode("utf-8", "backslashreplace"))
    assert content["version"] == 1
    assert content["highest"] == 1.0
    assert [len(one["functions"]) for one in content["findings"]] == [3, 2]
    assert content["findings"][0]["functions"][2]["file"] == "gone\udcff.py"
    assert content["skipped"] == [{"name": "big.c", "reason": "larger than 1 MB"}]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_the_page_stands_alone_and_shows_code_as_text(report: ScanReport, faults: ScanReport) -> None:
    for one in (report, faults):
        text = FORMATS.get("html")(one)
        page = _Page()
        page.feed(text)
        assert not page.addresses
        assert not {"script", "link", "img", "iframe"} & set(page.tags)
        assert not re.search(r"url\(|@import|https?:", text)
        assert "&lt;script&gt;alert(1)" in text
        text.encode("utf-8")
    assert page.tags.count("details") == 1


def test_the_table_is_short_and_says_what_was_left_out(report: ScanReport) -> None:
    many = replace(report, findings=(replace(report.findings[0], functions=report.findings[0].functions * 10),) * 40)
    text = FORMATS.get("table")(many)
    assert len(text.splitlines()) < 250
    assert "... and 24 more" in text
    assert "... and 15 more; --format json" in text
    assert "skipped: big.c: larger than 1 MB" in text
    assert "note: broken.c: syntax errors" in text
    assert "2 functions are exact duplicates" in FORMATS.get("table")(report)
    assert "No findings" in FORMATS.get("html")(replace(report, findings=()))


def test_suspicious_functions_are_named(faults: ScanReport) -> None:
    assert "A.one: vulnerable (0.97)" in FORMATS.get("table")(faults)
    assert "1 suspicious function(s)" in FORMATS.get("table")(faults)
