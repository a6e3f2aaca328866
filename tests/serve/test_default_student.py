"""The student that is installed with avatar: small, without torch, and useful without anything else."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.bundle import read_bundle, write_config, write_manifest
from avatar.bundle.format import TERNARY
from avatar.code.languages import LANGUAGES
from avatar.common.errors import ArtifactError, ConfigError
from avatar.serve import Student
from avatar.serve.cli import main
from avatar.serve.default_student import FOLDER
from function_variants import METHODS

MOST_BYTES = 3_000_000

ADD = """def add_all(values, start):
    total = start
    largest = 0
    for value in values:
        if value > 0:
            total += value * 2
        elif value < -100:
            total -= value
        else:
            print("skipped", value)
        largest = max(largest, value)
    if largest > total:
        raise ValueError(f"{largest} is larger than {total}")
    print("done", total, largest)
    return total + largest
"""
RENAMED = ADD.replace("values", "items").replace("value", "item").replace("total", "result").replace("start", "first")
JAVA = """int addAll(int[] values, int start) {
    int total = start;
    int largest = 0;
    for (int value : values) {
        if (value > 0) {
            total += value * 2;
        } else if (value < -100) {
            total -= value;
        } else {
            System.out.println("skipped" + value);
        }
        largest = Math.max(largest, value);
    }
    if (largest > total) {
        throw new IllegalArgumentException(largest + " is larger than " + total);
    }
    System.out.println("done" + total + largest);
    return total + largest;
}
"""
OTHER = """def read(path, name):
    with open(path) as file:
        lines = file.read().split("\\n")
    found = [line.strip() for line in lines if name in line]
    if not found:
        raise KeyError(name)
    return sorted(found)
"""


@pytest.fixture(scope="module")
def student() -> Student:
    return Student.default()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "one.py").write_text(ADD + "\n\n" + OTHER, encoding="utf-8")
    (folder / "two.py").write_text(RENAMED, encoding="utf-8")
    (folder / "Three.java").write_text("class Three {\n" + JAVA + "}\n", encoding="utf-8")
    return folder


def test_it_is_small_and_whole() -> None:
    bundle = read_bundle(FOLDER)
    assert bundle.precisions == (TERNARY,)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MOST_BYTES
    assert set(bundle.config.languages) == set(LANGUAGES.names())
    assert "licence" in (FOLDER / "README.md").read_text(encoding="utf-8").lower()


def test_vectors_have_length_one(student: Student) -> None:
    codes = [METHODS[name] for name in LANGUAGES.names()]
    vectors = student.encode(codes, LANGUAGES.names())
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(codes), student.hidden_size)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    texts = [student.text(*one) for one in zip(codes, LANGUAGES.names(), strict=True)]
    np.testing.assert_allclose(vectors, student.encode_ids(student.tokenize(texts, LANGUAGES.names())), atol=1e-6)


def test_clones_are_probable_and_others_are_not(student: Student) -> None:
    clone, other = student.predict([(ADD, RENAMED), (ADD, OTHER)], language="python")
    assert clone[1] > 0.5
    assert other[1] < 0.001
    vectors = student.encode([ADD, JAVA, OTHER], ["python", "java", "python"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_small_function_with_other_names_is_a_clone(student: Student) -> None:
    small = "def mean(values):\n    total = sum(values)\n    count = len(values)\n    return total / count\n"
    renamed = small.replace("values", "rows").replace("total", "whole").replace("count", "size")
    assert student.predict([(small, renamed)], language="python")[0, 1] > 0.5


def test_the_rows_of_two_functions_give_the_same_answer_as_their_texts(student: Student) -> None:
    codes = [ADD, RENAMED, OTHER, ADD + "# longer\n" * 9]
    rows = student.encode_texts([student.text(code, "python") for code in codes], ["python"] * 4)
    assert rows.shape == (4, student.row_size)
    np.testing.assert_array_equal(rows[:, : student.hidden_size], student.encode(codes, "python"))
    pairs = [(codes[first], codes[second]) for first in range(4) for second in range(4)]
    answers = student.compare(np.repeat(rows, 4, axis=0), np.tile(rows, (4, 1)))
    np.testing.assert_allclose(answers, student.predict(pairs, language="python"), atol=1e-12)


def test_vectors_alone_are_compared_by_a_head_of_their_own(student: Student) -> None:
    vectors = student.encode([ADD, RENAMED, OTHER], "python")
    clone, other = student.clone_probability(vectors[[0, 0]], vectors[[1, 2]])
    assert clone > 0.5 > 0.001 > other


def test_a_student_without_sketches_is_read_as_before(tmp_path: Path, project: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(FOLDER, folder)
    config = read_bundle(folder).config
    genes = {key: value for key, value in config.architecture.items() if not key.startswith("sketch")}
    write_config(folder, replace(config, architecture=genes, sketch_head=None))
    write_manifest(folder)
    plain = Student(folder)
    assert plain.row_size == plain.hidden_size
    vectors = plain.encode([ADD, RENAMED], "python")
    np.testing.assert_allclose(
        plain.clone_probability(vectors[:1], vectors[1:]), plain.predict([(ADD, RENAMED)], language="python")[:, 1]
    )
    assert main(["scan", str(project), "--bundle", str(folder), "--no-cache"]) == 0


@pytest.mark.parametrize("head", ["pair_head", "sketch_head"])
def test_a_wrong_value_is_named_with_its_head(head: str, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(FOLDER, folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config[head]["slopes"][0] = -1.0
    path.write_text(json.dumps(config), encoding="utf-8")
    write_manifest(folder)
    with pytest.raises(ArtifactError, match=rf"{head}\.slopes"):
        Student(folder)


def test_nothing_and_strange_texts(student: Student) -> None:
    assert student.encode([]).shape == (0, student.hidden_size)
    assert np.isfinite(student.encode(["", "\x00\ud7ff é 漢字", "x" * 200_000])).all()


def test_a_runtime_is_refused() -> None:
    with pytest.raises(ConfigError, match="numpy only"):
        Student.default(runtime="onnxruntime")


def test_a_scan_needs_no_bundle(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(project), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (finding,) = report["findings"]
    assert {one["file"] for one in finding["functions"]} == {"one.py", "two.py"}
    assert finding["kind"] == "renamed"
    assert not report["warnings"]


def test_a_scan_across_languages(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(project), "--format", "json", "--cross-language", "--threshold", "0.000001"]) == 0
    groups = json.loads(capsys.readouterr().out)["findings"]
    names = [{one["name"].rpartition(".")[2] for one in group["functions"]} for group in groups]
    assert any({"add_all", "addAll"} <= group and "read" not in group for group in names)


def test_two_functions_are_compared_without_a_bundle(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(project / "two.py"), str(project / "two.py")]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "clone"


def test_neither_torch_nor_onnxruntime_is_loaded(project: Path) -> None:
    code = (
        "import sys; from avatar.serve.cli import main; "
        f"status = main(['scan', {str(project)!r}, '--no-cache']); "
        "print(status, [name for name in ('torch', 'onnxruntime', 'tokenizers', 'scipy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.splitlines()[-1] == "0 []"


def test_a_missing_share_of_the_structure_is_one_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(FOLDER, folder)
    config = read_bundle(folder).config
    architecture = {key: value for key, value in config.architecture.items() if key != "structure_share"}
    write_config(folder, replace(config, architecture=architecture))
    write_manifest(folder)
    with pytest.raises(ArtifactError, match="structure_share is None"):
        Student(folder)
