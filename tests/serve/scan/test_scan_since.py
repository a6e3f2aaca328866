import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from avatar.common.errors import DataError
from avatar.serve.scan.run_scan import Options, scan
from avatar.serve.scan.since import Since, touches
from avatar.serve.scan.source_files import SourceFile, source_files

FIRST = """\
def first(values):
    total = 0
    for value in values:
        if value > 0:
            total += value
    return total
"""
SECOND = """\
def second(names):
    kept = []
    for name in names:
        if name.islower():
            kept.append(name)
    return sorted(kept)
"""
ROOT = Path(__file__).resolve().parents[3]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


ALL = [(1, 10**9)]


def changed_lines(folder: Path, revision: str) -> dict[str, list[tuple[int, int]]]:
    files = [one for one in source_files(folder) if isinstance(one, SourceFile)]
    return {name: list(ranges) for name, ranges in Since(folder, revision).changed_lines(files).items()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "a.py").write_text(FIRST + "\n\n" + SECOND)
    (folder / "sub" / "b.py").write_text(FIRST + "\n\n" + SECOND)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def test_changed_lines_of_files_old_and_new(repository: Path) -> None:
    file = repository / "a.py"
    file.write_text(file.read_text().replace("total = 0", "total = 1"))
    (repository / "sub" / 'caf\u00e9 "x".py').write_text("x = 1\n")
    (repository / "new.py").write_text("+++ x\n")
    git(repository, "add", "sub")
    assert changed_lines(repository, "HEAD") == {"a.py": [(2, 2)], 'sub/caf\u00e9 "x".py': ALL, "new.py": ALL}
    assert changed_lines(repository / "sub", "HEAD") == {'caf\u00e9 "x".py': ALL}


def test_ranges_touch_where_they_share_a_line() -> None:
    assert touches([(3, 5)], 5, 9)
    assert touches([(3, 5)], 1, 3)
    assert not touches([(3, 5), (11, 12)], 6, 10)


def test_only_groups_with_a_changed_function_are_found(repository: Path, clone_student: Path) -> None:
    options = Options(threshold=1.0, min_words=20, since="HEAD")
    assert len(scan(repository, clone_student, Options(threshold=1.0, min_words=20)).findings) == 2
    assert scan(repository, clone_student, options).findings == ()
    (repository / "c.py").write_text("import os\n\n\n" + SECOND)
    for root in (repository, repository / "c.py"):
        report = scan(root, clone_student, options)
        if root.is_file():
            assert report.findings == ()  # its clones are outside
            continue
        (group,) = report.findings
        assert [location.file for location in group.functions] == ["c.py", "a.py", "sub/b.py"]
        assert group.changed == 1
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    assert scan(repository, clone_student, options).findings == ()
    assert len(scan(repository, clone_student, Options(threshold=1.0, min_words=20, since="HEAD~1")).findings) == 1


def test_suspicious_functions_since_a_revision(repository: Path, fault_student: Path) -> None:
    file = repository / "a.py"
    file.write_text(file.read_text().replace("sorted(kept)", "list(kept)"))
    report = scan(repository, fault_student, Options(threshold=0.0, since="HEAD"))
    assert [(one.functions[0].file, one.functions[0].name) for one in report.findings] == [("a.py", "second")]


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "", "HEAD:a.py"])
def test_an_unknown_revision_is_said(repository: Path, revision: str) -> None:
    with pytest.raises(DataError, match="revision"):
        changed_lines(repository, revision)
    assert not (repository / "x").exists()


def test_nothing_of_the_repository_is_executed(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\ntouch {tmp_path}/sprung\ncat "$@" 2>/dev/null\n')
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.x.textconv", "diff.x.command", "core.pager"):
        git(repository, "config", key, str(trap))
    for key in ("clean", "process", "smudge"):
        git(repository, "config", f"filter.x y.{key}", str(trap))
    git(repository, "config", "filter.x y.required", "true")
    (repository / ".gitattributes").write_text("*.py diff=x filter=x y\n*.py filter=z\n")
    git(repository, "config", "filter.z.clean", str(trap))
    (repository / "a.py").write_text("x = 1\n")
    (tmp_path / "sprung").unlink(missing_ok=True)
    assert changed_lines(repository, "HEAD")
    assert not (tmp_path / "sprung").exists()


def test_the_pre_commit_hook_stops_a_copy(
    repository: Path, clone_student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pre-commit runs the hook on `git commit`; it uses this environment instead of a new one."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, _, arguments = hook["entry"].partition(" ")
    assert (program, hook["language"]) == ("avatar", "python")
    local = {
        **hook,
        "language": "system",
        "entry": f"{sys.executable} -m avatar.serve.cli {arguments}",
        "args": ["--bundle", str(clone_student), "--threshold", "1", "--min-words", "20"],
    }
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=repository, check=True, capture_output=True)
    (repository / "c.py").write_text("x = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "no copy")
    (repository / "c.py").write_text(SECOND)
    git(repository, "add", ".")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(repository, "commit", "-qm", "a copy")
    assert b"3 functions are exact duplicates" in stopped.value.stderr + stopped.value.stdout
