"""Users without HOME and without a passwd entry, as in containers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from large_function import FUNCTION

from avatar.common.errors import ConfigError
from avatar.common.paths import user_path
from avatar.config.schema import Config, DatasetConfig
from avatar.serve.scan.cache import Cache

UNKNOWN = """
import os, pwd, sys
for name in [*os.environ]:
    if name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME") or name.startswith(("XDG_", "HF_", "HUGGINGFACE_")):
        del os.environ[name]
def missing(user):
    raise KeyError(f"getpwuid(): uid not found: {user}")
pwd.getpwuid = missing
"""
"""Not with another user id: only the current user may be able to read the libraries."""


def unknown(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", UNKNOWN + program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(FUNCTION)
    return tmp_path


def untouched(folder: Path) -> bool:
    """No folder called ~ was made."""
    return sorted(entry.name for entry in folder.iterdir()) == ["a.py", "b.py"]


def test_a_scan_goes_on_without_a_cache(folder: Path, clone_student: Path) -> None:
    program = "from avatar.serve.cli import main; sys.exit(main(sys.argv[1:]))"
    answer = unknown(program, "scan", ".", "--bundle", str(clone_student), "--threshold", "1", folder=folder)
    assert answer.returncode == 0, answer.stderr
    assert "2 functions are exact duplicates" in answer.stdout
    assert "no cache" in answer.stderr
    assert "XDG_CACHE_HOME" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert untouched(folder)


def test_an_editor_server_goes_on_without_a_cache(folder: Path, clone_student: Path) -> None:
    program = (
        "import asyncio; from pathlib import Path\n"
        "from avatar.serve.lsp.session import Session; from avatar.serve.scan.student import LazyStudent\n"
        "async def main():\n"
        "    session = Session(LazyStudent(Path(sys.argv[1]), 1))\n"
        "    await session.load(os.getcwd(), lambda *_: None)\n"
        "    print(await session.functions())\n"
        "    session.stop()\n"
        "asyncio.run(main())"
    )
    answer = unknown(program, str(clone_student), folder=folder)
    assert answer.stdout.split() == ["2"], answer.stderr
    assert untouched(folder)


def test_a_student_in_a_folder_is_loaded(folder: Path, fault_student: Path) -> None:
    program = "import avatar.serve; print(len(avatar.serve.Student.from_pretrained(sys.argv[1]).predict(['f(x)'])))"
    answer = unknown(program, str(fault_student), folder=folder)
    assert answer.stdout.split() == ["1"], answer.stderr
    assert untouched(folder)


def test_a_student_of_the_hub_asks_for_a_folder(folder: Path) -> None:
    """The hub's library would store the student in a folder with the name ~."""
    program = (
        "import avatar.serve; from avatar.common.errors import ArtifactError\n"
        "try:\n    avatar.serve.Student.from_pretrained('user/model')\n"
        "except ArtifactError as error:\n    print(error)\n"
    )
    answer = unknown(program, folder=folder)
    assert "HF_HOME" in answer.stdout, answer.stderr + answer.stdout
    assert untouched(folder)


def test_home_that_is_a_file_or_relative_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / "file").write_text("")
    for home in (str(tmp_path / "file"), "/proc/nowhere"):
        monkeypatch.setenv("HOME", home)
        caplog.clear()
        cache = Cache("student")
        assert cache.vectors(["x"]) == {}
        cache.keep_outlines([])
        cache.close()
        assert "no cache" in caplog.text


def test_a_path_below_an_unknown_home_is_said(tmp_path: Path) -> None:
    program = (
        "from avatar.config.error_messages import report_errors\n"
        "from avatar.config.schema import DatasetConfig\n"
        "from avatar.data.data_location import locate\n"
        "with report_errors():\n    locate(DatasetConfig(name='pairs', root='~/data'), 'files')\n"
    )
    answer = unknown(program, folder=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "no home folder" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_paths_of_users_are_read_in_one_way_only() -> None:
    """expanduser() and home() raise a RuntimeError for a user without a home folder."""
    source = Path(__file__).resolve().parents[2] / "src"
    asking = [
        file.name
        for file in source.rglob("*.py")
        if any(word in file.read_text(encoding="utf-8") for word in (".expanduser()", "Path.home()", "getuser()"))
    ]
    assert asking == ["paths.py"]


def test_the_libraries_of_training_can_be_imported(tmp_path: Path) -> None:
    """MLflow asks for the home folder when it is imported. The replacement is removed after that."""
    root = Path(__file__).resolve().parents[2]
    program = (
        "sys.path.insert(0, sys.argv[1]); import train\n"
        "import mlflow, huggingface_hub, getpass; print(os.environ['HOME'], getpass.getuser())\n"
        "assert os.path.isdir(os.environ['HOME'])"
    )
    answer = unknown(program, str(root), folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    folder, name = answer.stdout.split()
    assert not Path(folder).exists()
    assert name == str(os.getuid())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["artifacts.folder", "tracking.artifacts", "hydra.run.dir", "dataset.root"])
def test_training_writes_nothing_below_the_replacement(key: str, tmp_path: Path) -> None:
    """It is removed at the end, with all results in it."""
    root = Path(__file__).resolve().parents[2]
    program = "import runpy; sys.argv[0] = sys.argv.pop(1); runpy.run_path(sys.argv[0], run_name='__main__')"
    answer = unknown(program, str(root / "train.py"), "--plan", f"{key}=~/data", folder=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "~/data" in answer.stderr
    assert "no home folder" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unknown_user_s_home_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no user 'nobody-has-this-name'"):
        user_path("~nobody-has-this-name/data")
    with pytest.raises(ConfigError, match=r"^dataset\.root is "):
        Config(dataset=DatasetConfig(root="~nobody-has-this-name/data"))
