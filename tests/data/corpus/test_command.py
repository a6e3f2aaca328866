"""The command `tools/corpus.py`."""

import subprocess
import sys
from pathlib import Path

from avatar.data.corpus.package_list import write_list
from small_archives import downloaded, function, release

COMMAND = Path(__file__).parents[3] / "tools" / "corpus.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(COMMAND), *map(str, arguments)], capture_output=True, text=True)


def test_extract_shows_what_it_wrote(tmp_path: Path) -> None:
    releases = [
        downloaded(tmp_path, release("p"), {"a.py": function("one", 1)}),
        downloaded(tmp_path, release("q", "test"), {"a.py": function("two", 2)}),
    ]
    write_list(tmp_path / "list.csv", releases)
    assert run("fetch", "--list", tmp_path / "list.csv", "--to", tmp_path).stdout.startswith("2 archives are in ")
    result = run("extract", "--list", tmp_path / "list.csv", "--to", tmp_path)
    assert result.returncode == 0, result.stderr
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("python")]
    assert row.split() == ["python", "1", "1", "0", "0", "1", "1"]
    only = run("extract", "--list", tmp_path / "list.csv", "--to", tmp_path, "--only", "java")
    assert only.returncode == 0
    assert "python" not in only.stdout


def test_what_the_user_can_mend_has_status_2(tmp_path: Path) -> None:
    write_list(tmp_path / "list.csv", [release("p", sha256="0" * 64)])
    result = run("extract", "--list", tmp_path / "list.csv", "--to", tmp_path)
    assert result.returncode == 2
    assert "1 of 1 releases are not in" in result.stderr
    assert "Traceback" not in result.stderr
    assert run("extract", "--list", tmp_path / "none.csv", "--to", tmp_path).returncode == 2
