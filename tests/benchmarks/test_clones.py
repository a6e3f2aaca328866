"""The benchmark of clones, on a small corpus; and every benchmark can be imported."""

import gzip
import importlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import AvatarError
from small_archives import function

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import clone_cost  # noqa: E402
import clone_data  # noqa: E402
import clone_detectors  # noqa: E402
import clone_methods  # noqa: E402
import clone_public  # noqa: E402
import clone_recall  # noqa: E402
import clones  # noqa: E402

JAVA = """int {name}(int[] values) {{
    int total = 0;
    for (int value : values) {{
        total += {call}(value) * {factor};
    }}
    return total;
}}
"""
NAMES = ("parse", "render", "encode", "visit", "merge", "split", "load", "store")
BODIES = (
    "    return [{name}_one(value) for value in values if value]\n    # end\n    # end\n    # end\n",
    "    with open(values) as {name}_file:\n        text = {name}_file.read()\n        print(text)\n    return text\n",
    "    while values:\n        {name}_last = values.pop()\n        yield {name}_last * 3\n    raise KeyError\n",
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two projects with two releases, in Python and Java."""
    rows, groups = [], []

    def add(language: str, project: str, version: str, path: str, name: str, code: str) -> int:
        rows.append(
            {"project": project, "version": version, "language": language, "path": path, "name": name, "line": 1}
            | {"tokens": 60, "code": code}
        )
        return len(rows) - 1

    for project in ("one", "two"):
        for number, name in enumerate(NAMES):
            own = f"{project}_{name}"
            body = BODIES[number % 3].format(name=own)
            codes = [f"def {own}(values, limit={number}):\n    {own} = {release}\n{body}" for release in (1, 2)]
            releases = [
                add("python", project, str(version), f"{number % 2}.py", own, code)
                for version, code in enumerate(codes)
            ]
            groups.append({"kind": "release", "split": "test", "rows": releases, "similarity": 0.9})
            code = JAVA.format(name=own, call=own, factor=number)
            add("java", project, "1", f"{number % 2}.java", own, code)
    for file, lines in (("test.jsonl.gz", rows), ("groups.jsonl.gz", groups)):
        with gzip.open(tmp_path / file, "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)
    return tmp_path


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_every_benchmark_can_be_imported(name: str) -> None:
    importlib.import_module(name)


def test_a_set_has_copies_releases_and_pairs_that_are_no_clones(corpus: Path) -> None:
    sets, _ = clone_data.read_clone_sets(corpus, 20)
    java, python = sets
    assert (java.language, python.language) == ("java", "python")
    assert python.originals == java.originals == 16
    assert len(python.clones["release"]) == 16 // 2 * 2 - 6  # at most a quarter of 20 from each project
    assert all(python.codes[first] != python.codes[second] for first, second in python.clones["release"])
    for kind in ("rename", "several"):
        assert len(java.clones[kind]) == 16
    for one in sets:
        first, second = one.elsewhere
        assert len(first) == 8 * 8
        assert not set(zip(first.tolist(), second.tolist(), strict=True)) & set(
            zip(*(side.tolist() for side in one.siblings), strict=True)
        )
    assert not java.unlike.any()  # the functions differ in names and numbers only
    assert python.unlike.any()
    part = python.smaller(5, 2, 3)
    for kind in clone_data.ALL_KINDS:
        assert len(part.clones[kind]) <= 2
        whole = {(python.codes[a], python.codes[b]) for a, b in python.clones[kind]}
        assert {(part.codes[a], part.codes[b]) for a, b in part.clones[kind]} <= whole
    assert len(part.siblings[0]) == len(part.unlike) == 3


def test_functions_that_differ_in_names_of_variables_only_are_true_clones() -> None:
    code = function("first")
    renamed = code.replace("values", "numbers").replace("total", "result").replace("first", "second")
    other = code.replace("len(values)", "max(values)")
    digests = [clone_data.canonical(text, "python") for text in (code, renamed, other)]
    assert digests[0] == digests[1] != digests[2]
    shapes = clone_data.shapes([code, other, function("first", 3, 8), code.replace(">", "<")], "python")
    assert shapes[0] == shapes[1] == shapes[2] != shapes[3]


def test_scores_of_pairs_and_of_all_pairs_agree() -> None:
    codes = [function("first"), function("second", 4), "def third(path):\n    return open(path).read()\n"]
    first, second = np.divmod(np.arange(9), 3)
    for name in ("student", "calibrated", "overlap", "tfidf"):
        encoded = clone_methods.METHODS[name].load(clones.FOLDER)(codes, ["python"] * 3)
        pairs, every = encoded.scores(first, second).reshape(3, 3), encoded.all_pairs(3)
        np.testing.assert_allclose(pairs, every, atol=1e-5)
        assert pairs[0, 1] > pairs[0, 2]
    sets = [set(clone_methods._tokens([code], ["python"])[0]) for code in codes]
    overlap = clone_methods.METHODS["overlap"].load(clones.FOLDER)(codes, ["python"] * 3)
    expected = len(sets[0] & sets[2]) / len(sets[0] | sets[2])
    assert overlap.all_pairs(3)[0, 2] == pytest.approx(expected)


def test_a_result_has_the_recall_at_the_rate_and_the_false_positives_as_measured() -> None:
    others = np.linspace(0, 1, 1000, dtype=np.float32)
    found = {"rename": np.array([0.5, 0.995, 1.1], dtype=np.float32)}
    result = clone_recall._at_rate("c", "title", "siblings", found, others)
    assert result.recall["rename"] == pytest.approx(2 / 3)
    assert result.false_positives == pytest.approx(0.01)


def test_reports_of_detectors_become_the_part_of_a_function_that_is_covered(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    sides = [("0.py", 1, 6, "1.py", 1, 4), ("1.py", 3, 8, "0.py", 5, 8), ("1.py", 1, 4, "1.py", 5, 8)]
    duplicates = [
        {"firstFile": {"name": a, "start": b, "end": c}, "secondFile": {"name": d, "start": e, "end": f}}
        for a, b, c, d, e, f in sides
    ]
    (tmp_path / "report" / "jscpd-report.json").write_text(json.dumps({"duplicates": duplicates}))
    assert clone_detectors._read_jscpd(tmp_path, "python", {0: 10, 1: 8}) == {(0, 1): 0.8}
    shutil.rmtree(tmp_path / "report")
    (tmp_path / "report").write_text(
        "Total input: 2 files\n\n/a/7.java consists for 40 % of /a/3.java material\n"
        "/a/3.java consists for 90 % of /a/7.java material\n"
    )
    assert clone_detectors._read_sim(tmp_path, "java", {}) == {(3, 7): 0.4}


@pytest.mark.skipif(shutil.which("sim_java") is None, reason="sim is not installed")
def test_sim_finds_a_renamed_function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(clone_detectors.JSCPD, "jscpd, plain", ((), False))
    detector = next(one for one in clone_detectors.installed_detectors(None)[0] if one.title.startswith("sim, runs"))
    codes = [JAVA.format(name="f", call="g", factor=2), JAVA.format(name="h", call="k", factor=3), "int x() {}\n"]
    pairs = np.array([0, 0]), np.array([1, 2])
    assert detector.pair_scores(codes, pairs, "java").tolist() == [1.0, 0.0]


def test_the_memory_is_that_of_the_process_and_not_of_the_one_that_started_it() -> None:
    ballast = np.ones(50_000_000)  # 400 MB
    seconds, megabytes = clone_cost.process_cost([sys.executable, "-c", "import time; time.sleep(0.2)"])
    assert ballast[-1] == 1
    assert 0.2 <= seconds < 20
    assert 5 < megabytes < 100
    with pytest.raises(RuntimeError, match="ended with the status 1"):
        clone_cost.process_cost([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_public_sets_by_brute_force(tmp_path: Path) -> None:
    codes = {
        "1": function("a"),
        "2": function("b"),
        "3": "def c(path):\n    return open(path)\n",
        "4": function("d", 9),
    }
    lines = [json.dumps({"idx": key, "func": code}) for key, code in codes.items()]
    (tmp_path / "data.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "test.txt").write_text("1\t2\t1\n1\t3\t0\n3\t4\t0\n2\t4\t1\n")
    encode = {"overlap": clone_methods.METHODS["overlap"].load(tmp_path)}
    assert clone_public.bigclonebench(tmp_path, encode) == {"overlap": 1.0}
    rows = [
        {"problem": problem, "language": language, "code": code}
        for language in ("java", "python")
        for problem, code in (("p", "alpha beta gamma"), ("p", "alpha beta delta"), ("q", "x y"), ("q", "x z"))
    ]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = clone_public.solutions(tmp_path, encode)["overlap"]
    assert result["java"] == result["java to python, AUC"] == result["java to python, MRR"] == 1.0


def test_the_report_says_what_is_not_installed(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clone_detectors.shutil, "which", lambda name: None)
    monkeypatch.delenv("AVATAR_DATA", raising=False)
    target = tmp_path / "clones.md"
    command = ["clones.py", "--corpus", str(corpus), "--functions", "20", "--methods", "student", "tfidf"]
    monkeypatch.setattr(sys, "argv", [*command, "--to", str(target)])
    assert clones.main() == 0
    text = target.read_text()
    assert text == capsys.readouterr().out
    assert "jscpd is not installed, so its rows are missing" in text
    assert "sim is not installed, so its rows are missing" in text
    assert "AVATAR_DATA is not set" in text
    assert "| java | Avatar's student, cosine | 100.0 |" in text
    assert clones.file_digest(clones.FOLDER / clones.MANIFEST)[:16] in text


def test_wrong_arguments_are_errors_that_say_what_to_do(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(AvatarError, match="no functions in cobol"):
        clone_data.read_clone_sets(corpus, 5, ["cobol"])
    with pytest.raises(AvatarError, match=r"there is no .*test\.jsonl\.gz"):
        clone_data.read_clone_sets(tmp_path / "nothing", 5)
    with pytest.raises(AvatarError, match="there is no such file"):
        clone_detectors.native_jscpd(tmp_path / "jscpd")


def test_a_row_names_the_method_that_finds_more() -> None:
    def result(title: str, share: float, wrong: float = 1e-4, rate: str = "elsewhere") -> clone_recall.Result:
        return clone_recall.Result("java", title, rate, {"edit": share, "log": 0.9}, wrong)

    mine = result("Avatar's student, cosine", 0.9)
    others = [result("a", 0.95), result("b", 0.97), result("c", 0.99, wrong=0.1), result("d", 1.0, rate="siblings")]
    assert clone_recall.ahead_of(mine, [mine, result("Avatar's student, other", 1.0), *others]) == {"edit": ("b", 0.97)}
    assert clone_recall.ahead_of(mine, [mine, result("a", 0.9004)]) == {}
    assert clone_recall.ahead_of(mine, [mine, result("a", float("nan"))]) == {}
