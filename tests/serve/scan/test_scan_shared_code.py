"""A group is left out if its functions have too little code in common."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from avatar.code.text import DOCSTRINGS_KEPT
from avatar.serve.default_student import find_bundle
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import Index
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.clone_rules import CloneRules
from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.outline import outline
from avatar.serve.scan.run_scan import Options, scan_texts
from avatar.serve.scan.shared_code import runs_of, shared_runs, with_shared_code
from avatar.serve.scan.student import LazyStudent

WRAPPERS = {
    "py": """
def {name}(inputs: Tensor, size: int, strides: int = 1, padding: str = "valid", name: str = "", axis: int = 0) -> Row:
    if is_{name}(inputs):
        return new_{name}(size, strides, padding).call_{name}(inputs)
    axis = {name}_axis(inputs, axis)
    return backend.{name}(inputs, size, strides, padding)
""",
    "java": """class Visitor {{
    Visitor visit_{name}(int type, Path path, String name, boolean visible, int number, String file, List<Row> rows) {{
        check_{name}(state);
        Visitor visitor = super.visit_{name}(type, path, visible);
        if (visitor == null) {{
            return none_{name};
        }}
        return remap_{name}(name, visitor, number);
    }}
}}
""",
    "go": """package visitor
func (w *wrapper) {name}(ctx context.Context, request *Request, options Options, timeout time.Time, level int) error {{
	if err := w.check_{name}(ctx, request); err != nil {{
		return err
	}}
	w.log_{name}(level, options)
	return w.client.{name}(ctx, request.name, timeout)
}}
""",
}
COPY = """
def {name}(orders, day, limit):
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
"""


def pair(language: str) -> list[tuple[str, str]]:
    text = WRAPPERS[language]
    return [(f"{name}.{language}", text.format(name=name)) for name in ("max_pool", "average_pool")]


def functions(*texts: str) -> list[Location]:
    """The first function of each text, in files 0, 1, 2, ..."""
    return [outline(str(row), text, "python", DOCSTRINGS_KEPT)[0].locations[0] for row, text in enumerate(texts)]


def shared(*texts: str) -> int:
    found = functions(*texts)
    return shared_runs(found, runs_of(found, lambda file: texts[int(file)]))


def kept(finding: Finding, texts: Sequence[str], exact: int = 5, other: int = 10) -> list[list[str]]:
    findings, left_out = with_shared_code(
        [finding], lambda is_exact: exact if is_exact else other, lambda file: texts[int(file)]
    )
    assert left_out == (not findings)
    return [[one.file for one in part.functions] for part in findings]


@pytest.mark.parametrize("language", sorted(WRAPPERS))
def test_wrappers_of_several_statements_are_counted_and_shown_on_demand(language: str) -> None:
    student = LazyStudent(find_bundle(None), 1)
    report = scan_texts(pair(language), student, Options(threshold=0.1))
    assert report.findings == ()
    assert [one.count for one in report.left_out if "in common" in one.what and one.option == "--min-words"] == [1]
    every = scan_texts(pair(language), student, Options(threshold=0.1, min_words=20))
    assert [{one.file for one in finding.functions} for finding in every.findings] == [
        {one for one, _ in pair(language)}
    ]


@pytest.mark.parametrize("language", sorted(WRAPPERS))
def test_the_editor_has_no_hints_for_them_either(language: str) -> None:
    for min_words, hints in ((None, 0), (20, 1)):
        settings = EditorSettings(threshold=0.1, min_words=min_words)
        index = Index(LazyStudent(find_bundle(None), 1), settings, NoCache())
        for name, text in pair(language):
            index.update(name, name, text)
        assert len(index.hints(pair(language)[0][0])) == hints
        index.close()


def test_a_copy_with_other_names_is_reported() -> None:
    texts = [("a.py", COPY.format(name="total")), ("b.py", COPY.format(name="sum_of").replace("price", "cost"))]
    (finding,) = scan_texts(texts, LazyStudent(find_bundle(None), 1)).findings
    assert len(finding.functions) == 2


def test_only_bodies_count() -> None:
    head = "def f(first, second: list[int] = (), third: dict[str, int] = {}, *, fourth: int = 3 + 4) -> list[int]:\n"
    doc = '    """One two three four five six seven eight nine."""\n'
    assert shared(head + doc + "    return first\n", head + doc + "    raise Wrong(second)\n") == 0


def test_names_of_variables_do_not_count_but_called_names_do() -> None:
    text = "def f(a, b):\n    c = a.size(b + 1)\n    return c * 2\n"
    assert shared(text, text.replace("c ", "total ")) == shared(text) > 5
    assert shared(text, text.replace("size", "width")) < shared(text) - 3


def test_a_repeated_run_counts_once() -> None:
    table = "def f(add):\n" + "    add.row(1, 2)\n" * 3
    assert shared(table) == shared(table + "    add.row(1, 2)\n" * 50)


def test_what_all_members_have_in_common_counts() -> None:
    texts = [COPY.format(name="f"), COPY.format(name="g"), COPY.format(name="h").replace("price", "cost.of(day).value")]
    pairwise = [shared(texts[0], texts[2]), shared(*texts)]
    assert shared(*texts[:2]) > pairwise[0] == pairwise[1]
    limit = pairwise[1]
    group = Finding(tuple(functions(*texts)), 0.9, 0.9, kind=CloneKind.NEAR)
    assert kept(group, texts, other=limit) == [["0", "1", "2"]]
    assert kept(group, texts, other=limit + 1) == [["0", "1"]]  # these two are the same but for names
    assert kept(group, texts, other=1_000) == []


def test_exact_copies_need_less() -> None:
    text = "def f(a, b):\n    c = a.size(b + 1)\n    return c * 2\n"
    texts, size = [text, text], shared(text)
    group = Finding(tuple(functions(*texts)), 1.0, 1.0, True, kind=CloneKind.EXACT)
    assert kept(group, texts, exact=size, other=1_000) == [["0", "1"]]
    assert kept(group, texts, exact=size + 1, other=0) == []
    rules = CloneRules()
    assert (rules.least_runs(exact=True), rules.least_runs(exact=False)) == (21, 35)
    assert CloneRules(min_words=0).least_runs(exact=False) == 0


def test_a_part_without_a_changed_function_is_no_finding() -> None:
    texts = [COPY.format(name="f").replace("price", "cost.of(day).value"), COPY.format(name="g"), COPY.format(name="h")]
    group = Finding(tuple(functions(*texts)), 0.9, 0.9, changed=1, kind=CloneKind.NEAR)
    assert kept(group, texts, other=shared(*texts) + 1) == []
    assert kept(replace(group, changed=2), texts, other=shared(*texts) + 1) == [["1", "2"]]


def test_copied_files_and_clones_with_other_statements_need_nothing_in_common() -> None:
    texts = ["def f(a):\n    return a.one\n", "def g(b):\n    raise b.two\n"]
    group = Finding(tuple(functions(*texts)), 0.9, 0.9, kind=CloneKind.NEAR)
    assert kept(group, texts) == []
    other_language = (group.functions[0], replace(group.functions[1], language="java"))
    for free in (
        replace(group, kind=CloneKind.SEMANTIC),
        replace(group, kind=CloneKind.COPIED, copies=3),
        replace(group, functions=other_language),
    ):
        assert kept(free, texts) == [["0", "1"]]
