"""What a scan leaves out by default, and how it is shown, in several languages, with the installed student."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from avatar.code.function_forms import Form
from avatar.serve.cli import main
from avatar.serve.default_student import find_bundle
from avatar.serve.scan.clone_rules import CloneRules
from avatar.serve.scan.findings import Location, ScanReport
from avatar.serve.scan.run_scan import Options, scan, scan_texts
from avatar.serve.scan.student import LazyStudent

TOTAL = {
    "py": """
def total(orders, day, limit):
    result = 0
    skipped = []
    for order in orders:
        if order.day != day or order.cancelled:
            skipped.append(order.number)
            continue
        price = order.price * order.count
        if price > limit:
            price = limit - order.discount
        result += price
    log.info("total %s, skipped %s", result, skipped)
    return result
""",
    "java": """
    int total(List<Order> orders, int day, int limit) {
        int result = 0;
        List<Integer> skipped = new ArrayList<>();
        for (Order order : orders) {
            if (order.day != day || order.cancelled) {
                skipped.add(order.number);
                continue;
            }
            int price = order.price * order.count;
            if (price > limit) {
                price = limit - order.discount;
            }
            result += price;
        }
        log.info("total {}, skipped {}", result, skipped);
        return result;
    }
""",
    "go": """
func total(orders []Order, day int, limit int) int {
	result := 0
	skipped := []int{}
	for _, order := range orders {
		if order.day != day || order.cancelled {
			skipped = append(skipped, order.number)
			continue
		}
		price := order.price * order.count
		if price > limit {
			price = limit - order.discount
		}
		result += price
	}
	log.Printf("total %d, skipped %v", result, skipped)
	return result
}
""",
}
FORWARDER = {
    "py": """
def send_{name}(client, account, address, subject, text, priority, day):
    return client.service.messages.send_{name}(
        account.identity.number,
        address.street.name,
        subject.strip(),
        text.strip(),
        priority=priority.level,
        day=day,
    )
""",
    "java": """
    Message send{name}(Account account, Address address, String subject, String text, Priority priority, Day day) {{
        return this.client.service.messages.send{name}(
            account.identity.number,
            address.street.name,
            subject.strip(),
            text.strip(),
            priority.level,
            day);
    }}
""",
    "go": """
func (c *Client) Send{name}(account Account, address Address, subject string, text string, level int, day Day) Text {{
	return c.service.messages.Send{name}(
		account.identity.number,
		address.street.name,
		strings.TrimSpace(subject),
		strings.TrimSpace(text),
		level,
		day,
	)
}}
""",
}
SMALL = {
    "py": """
def {name}(values, limit):
    for value in values:
        if value > limit:
            return value + 1
    return limit - 1 - values[0] * 2
""",
    "java": """
    int {name}(int[] values, int limit) {{
        for (int value : values) {{
            if (value > limit) {{
                return value + 1;
            }}
        }}
        return limit - 2 * values.length;
    }}
""",
    "go": """
func {name}(values []int, limit int) int {{
	for _, value := range values {{
		if value > limit {{
			return value + 1
		}}
	}}
	return limit - 2*values[0]
}}
""",
}
TESTS = {
    "py": ("tests/test_one.py", "tests/test_two.py"),
    "java": ("src/test/java/OneTest.java", "src/test/java/TwoTest.java"),
    "go": ("one_test.go", "two_test.go"),
}
LANGUAGES = sorted(TOTAL)


def in_file(language: str, text: str, name: str = "One") -> str:
    """A whole file with this function."""
    if language == "java":
        return f"class {name} {{\n{text}}}\n"
    return f"package orders\n{text}" if language == "go" else text


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def report_of(folder: Path, **options: object) -> ScanReport:
    return scan(folder, find_bundle(None), Options(cache=False, **options))  # type: ignore[arg-type]


def groups(report: ScanReport) -> list[set[str]]:
    return [{one.file for one in finding.functions} for finding in report.findings]


def counts(report: ScanReport, option: str) -> int:
    return sum(one.count for one in report.left_out if option in one.option)


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_of_tests_only_are_counted_and_shown_on_demand(language: str, tmp_path: Path) -> None:
    first, second = TESTS[language]
    text = in_file(language, TOTAL[language])
    written(tmp_path, {first: text, second: text})
    report = report_of(tmp_path)
    assert groups(report) == []
    assert counts(report, "--tests") == 1
    assert groups(report_of(tmp_path, tests=True)) == [{first, second}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_that_copies_code_is_reported(language: str, tmp_path: Path) -> None:
    first, _ = TESTS[language]
    text = in_file(language, TOTAL[language])
    written(tmp_path, {first: text, f"orders.{language}": text})
    assert groups(report_of(tmp_path)) == [{first, f"orders.{language}"}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_forwarders_are_counted_and_compared_on_demand(language: str, tmp_path: Path) -> None:
    names = [f"{name}.{language}" for name in ("letter", "parcel")]
    texts = [in_file(language, FORWARDER[language].format(name=name)) for name in ("Letter", "Parcel")]
    written(tmp_path, dict(zip(names, texts, strict=True)))
    report = report_of(tmp_path)
    assert groups(report) == []
    assert report.counts.functions == 0
    assert counts(report, "--simple") == 2
    assert groups(report_of(tmp_path, simple=True, min_words=40)) == [set(names)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_small_functions_are_reported_as_exact_copies_only(language: str, tmp_path: Path) -> None:
    same, other = SMALL[language].format(name="first"), SMALL[language].format(name="second")
    files = {f"a.{language}": same, f"b.{language}": same, f"c.{language}": other}
    written(tmp_path, {name: in_file(language, text) for name, text in files.items()})
    report = report_of(tmp_path, min_words=50)
    assert groups(report) == [{f"a.{language}", f"b.{language}"}]
    assert report.findings[0].exact
    assert counts(report, "--min-words") == 3
    assert groups(report_of(tmp_path, min_words=20)) == [set(files)]


def location(words: int, form: str = "", lines: int = 9) -> Location:
    return Location("a.py", "f", 1, lines, "python", "key", lines, words, form=form)


def test_the_less_alike_the_larger() -> None:
    rules = CloneRules(min_words=50)
    assert [rules.keeps(location(words)) for words in (29, 30, 49, 50)] == [False, True, True, True]
    assert [rules.compares(location(words)) for words in (30, 49, 50)] == [False, False, True]
    assert [rules.is_lookalike(location(words)) for words in (50, 57, 58)] == [True, True, False]
    every = CloneRules(min_lines=0, min_words=0)
    assert every.keeps(location(0, lines=0))
    assert every.compares(location(0))
    assert not every.is_lookalike(location(0))


@pytest.mark.parametrize("form", list(Form))
def test_forms(form: Form) -> None:
    large = location(100, form)
    assert CloneRules().keeps(large) is (form not in (Form.EMPTY, Form.SINGLE, Form.CONSTRUCTOR))
    assert CloneRules().is_lookalike(large) is (form in (Form.STRAIGHT, Form.STANDARD))
    assert CloneRules(simple=True).keeps(large)
    assert not CloneRules(simple=True).is_lookalike(large)


def test_copies_of_small_standard_methods_are_left_out() -> None:
    rules = CloneRules(min_words=50)
    assert not rules.keeps(location(40, Form.STANDARD))
    assert rules.keeps(location(40))
    assert rules.keeps(location(50, Form.STANDARD))


def test_only_sizes_count_for_suspicious_functions() -> None:
    rules = CloneRules.for_task(1, 5, None, simple=False, tests=False)
    assert [rules.keeps(location(words, Form.SINGLE)) for words in (19, 20)] == [False, True]
    assert [one.count for one in rules.left_out([location(19), location(20, Form.SINGLE)])] == [1]


def test_what_is_left_out_is_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = TESTS["py"]
    written(tmp_path, {first: TOTAL["py"], second: TOTAL["py"], "vendor/a.py": "x = 1\n"})
    command = ["scan", str(tmp_path), "--quiet", "--no-cache", "--format"]
    shown = {}
    for name in ("table", "html", "sarif", "json"):
        assert main([*command, name]) == 0
        shown[name] = capsys.readouterr().out
    for name in ("table", "html", "sarif"):
        assert "groups of tests and examples only: 1 (--tests)" in shown[name], name
        assert "folders of third-party code or build results (vendor): 1" in shown[name], name
    assert {"what": "groups of tests and examples only", "count": 1, "option": "--tests"} in json.loads(shown["json"])[
        "left_out"
    ]
    assert main([*command, "json", "--tests", "--simple", "--split-copies", "--min-words", "0"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["findings"]) == 1
    assert [one["option"] for one in report["left_out"]] == ["scan such a folder by its name"]


def test_texts_have_the_same_rules() -> None:
    student = LazyStudent(find_bundle(None), 1)
    files = [(name, TOTAL["py"]) for name in TESTS["py"]]
    report = scan_texts(files, student, Options())
    assert not report.findings
    assert counts(report, "--tests") == 1
    assert len(scan_texts(files, student, Options(tests=True)).findings) == 1


def test_short_overloads_of_one_name_are_no_clones_worth_showing() -> None:
    rules = CloneRules(min_words=50)
    short = [replace(location(60), file="a.cpp", name="at", first_line=line) for line in (1, 20)]
    assert rules.is_overload(short)
    assert not rules.is_overload([short[0], replace(short[1], name="get")])
    assert not rules.is_overload([short[0], replace(short[1], file="b.cpp")])
    assert not rules.is_overload([replace(one, words=70) for one in short])
    assert not replace(rules, simple=True).is_overload(short)
