"""The wheel in an empty environment with nothing but what it asks for: small, offline, and useful at once."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from avatar.serve.default_student import FOLDER
from function_variants import METHODS

PROJECT = Path(__file__).parents[2]
NAME = "avatar-code"
MOST_MEGABYTES = 60
"""Installed, beside numpy."""

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AVATAR", "VIRTUAL"))}

OFFLINE = """
import socket

def refuse(*arguments, **options):
    raise AssertionError(f"the network is used: {arguments}")

socket.getaddrinfo = socket.create_connection = refuse
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(PROJECT), "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*command, "--wheel-dir", str(folder)], check=True, timeout=240)
    (path,) = folder.glob("*.whl")
    return path


def requirements(lines: list[str]) -> list[str]:
    """Names of the packages that `lines` ask for without extras, and what those ask for in turn."""
    names: list[str] = []
    waiting = list(lines)
    while waiting:
        wanted = Requirement(waiting.pop())
        if wanted.name in names or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        names.append(wanted.name)
        waiting += metadata.requires(wanted.name) or []
    return names


def requirements_of(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as content:
        (name,) = (one for one in content.namelist() if one.endswith(".dist-info/METADATA"))
        text = content.read(name).decode("utf-8")
    return requirements([line.partition(": ")[2] for line in text.splitlines() if line.startswith("Requires-Dist: ")])


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and links to the packages that it asks for."""
    folder = tmp_path_factory.mktemp("clean") / "v"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    for name in requirements_of(wheel):
        files = metadata.files(name) or []
        for entry in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
            (packages / entry).symlink_to(Path(str(metadata.distribution(name).locate_file(entry))))
    (packages / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--no-deps", "-q"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, timeout=120, env=ENVIRONMENT)
    return folder


def test_the_wheel_holds_the_student(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = {name.rpartition("/")[2] for name in content.namelist() if "default_student/bundle/" in name}
    assert names == {path.name for path in FOLDER.iterdir()}


def test_it_asks_for_little(wheel: Path) -> None:
    names = requirements_of(wheel)
    assert not {"onnxruntime", "tokenizers", "huggingface_hub", "torch"} & set(names)
    sizes = {
        name: sum(path.stat().st_size for file in metadata.files(name) or [] if (path := Path(file.locate())).is_file())
        for name in names
        if name != "numpy"
    }
    with zipfile.ZipFile(wheel) as content:
        sizes[NAME] = 2 * sum(one.file_size for one in content.infolist())  # pip compiles the modules
    assert sum(sizes.values()) <= MOST_MEGABYTES * 1e6, sizes


def test_a_scan_in_a_clean_environment(clean: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for number in range(2):
        (project / f"{number}.py").write_text(METHODS["python"], encoding="utf-8")
    command = [str(clean / "bin" / "avatar"), "scan", str(project), "--format", "json", "--min-words", "5"]
    answers = []
    for _ in range(2):
        answer = subprocess.run(
            [*command, "--min-lines", "1"],
            env=ENVIRONMENT | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stderr
        answers.append(json.loads(answer.stdout)["findings"])
    assert answers[0] == answers[1]
    assert {one["file"] for one in answers[0][0]["functions"]} == {"0.py", "1.py"}
    assert len(list((tmp_path / "cache").rglob("scan-*.sqlite"))) == 1


def test_what_trains_students_runs_them_too() -> None:
    """`make setup` installs the extras serve and train only."""
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {*extras["onnx"], *extras["hub"]} <= set(extras["train"])
