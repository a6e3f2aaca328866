"""What the plain installation lacks is asked for by name: a student with graphs, and students of the hub."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from avatar.common.errors import ConfigError
from avatar.data.records import Task
from avatar.serve import Predictor
from avatar.serve.default_student import FOLDER
from students import tiny_bundle

OPTIONAL = ("huggingface_hub", "onnxruntime", "tokenizers")
FUNCTION = "def add(values):\n    total = 0\n    for one in values:\n        total += one * 2\n    return total\n"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("graphs") / "bundle", Task.PAIR).folder


BLOCK = f"""
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def find_others(name, path=None, target=None):
    return None if name.partition(".")[0] in {OPTIONAL!r} else find(name, path, target)

PathFinder.find_spec = find_others
"""


@pytest.fixture
def run(tmp_path: Path):
    """Runs a program in a new process in which the optional packages are not installed."""

    def call(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", BLOCK + program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)

    (tmp_path / "one.py").write_text(FUNCTION, encoding="utf-8")
    return call


COMMAND = "from avatar.serve.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "BUNDLE", "one.py", "one.py"),
        ("scan", "one.py", "--bundle", "BUNDLE", "--no-cache", "--min-words", "1"),
        ("serve", "--bundle", "BUNDLE", "--port", "0"),
        ("lsp", "--bundle", "BUNDLE"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_student_with_graphs_names_the_extra(run, graphs: Path, arguments: tuple[str, ...]) -> None:
    answer = run(COMMAND, *(str(graphs) if one == "BUNDLE" else one for one in arguments))
    assert answer.returncode == 2, answer.stderr
    assert "pip install 'avatar-code[onnx]'" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_a_missing_onnxruntime_names_the_extra(graphs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"onnxruntime.*\n?.*pip install 'avatar-code\[onnx\]'"):
        Predictor(graphs)


def test_the_runtimes_are_listed_without_their_packages(run) -> None:
    answer = run(COMMAND, "predict", "--help")
    assert answer.returncode == 0, answer.stderr
    assert "onnxruntime" in answer.stdout


def test_the_student_in_the_box_needs_no_extra(run, tmp_path: Path) -> None:
    program = (
        "from avatar.serve import Student\n"
        "student = Student.default()\n"
        "again = Student.from_pretrained(sys.argv[1])\n"
        "again.save_pretrained(sys.argv[2])\n"
        "print(student.encode(['def f(x): return x']).shape == again.encode(['def f(x): return x']).shape)"
    )
    answer = run(program, str(FOLDER), str(tmp_path / "copy"))
    assert answer.stdout.split() == ["True"], answer.stderr
    assert {one.name for one in (tmp_path / "copy").iterdir()} == {one.name for one in FOLDER.iterdir()}


@pytest.mark.parametrize(
    "call", ["Student.from_pretrained('user/model')", "Student.default().push_to_hub('user/model')"]
)
def test_the_hub_names_the_extra(run, call: str) -> None:
    program = (
        "from avatar.common.errors import AvatarError\nfrom avatar.serve import Student\n"
        f"try:\n    {call}\nexcept AvatarError as error:\n    print(error)\n"
    )
    answer = run(program)
    assert "pip install 'avatar-code[hub]'" in answer.stdout, answer.stderr


def test_a_damaged_folder_is_said_before_a_missing_package(run, graphs: Path, tmp_path: Path) -> None:
    shutil.copytree(graphs, tmp_path / "damaged")
    (tmp_path / "damaged" / "config.json").write_text("{", encoding="utf-8")
    answer = run(COMMAND, "predict", str(tmp_path / "damaged"), "one.py", "one.py")
    assert answer.returncode == 2
    assert "config.json" in answer.stderr
    assert "pip install" not in answer.stderr
