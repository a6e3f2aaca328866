"""Changes are read from the repository's history only: no git setting of user or repository has an effect."""

import os
import subprocess
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.serve.scan.run_scan import Options, scan

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def function(name: str, value: int = 0) -> str:
    return f"""\
def {name}(values):
    total = {value}
    for value in values:
        if value > total:
            total += value * {len(name)}
    return total - {value}


"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    answer = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "src" / "code.py").write_text("".join(map(function, NAMES)))
    (folder / "src" / "other.py").write_text(function("other"))
    commit(folder, "one")
    return folder


def edit(folder: Path, *names: str) -> None:
    """Change the code of some functions of src/code.py."""
    values = {name: 7 if name in names else 0 for name in NAMES}
    (folder / "src" / "code.py").write_text("".join(function(name, value) for name, value in values.items()))


def changed(path: Path, student: Path, revision: str = "HEAD") -> list[str]:
    """Names of the functions that changed since `revision` by a scan."""
    report = scan(path, student, Options(threshold=0.0, since=revision, cache=False))
    return sorted(finding.functions[0].name for finding in report.findings)


def test_what_main_changed_after_the_branch_began_is_not_this_branch_s(repository: Path, fault_student: Path) -> None:
    git(repository, "switch", "-qc", "branch")
    edit(repository, "beta")
    commit(repository, "on the branch")
    git(repository, "switch", "-q", "main")
    edit(repository, "epsilon")
    (repository / "src" / "other.py").write_text(function("other", 3))
    (repository / "src" / "of_main.py").write_text(function("of_main"))
    commit(repository, "main moved on")
    git(repository, "switch", "-q", "branch")
    assert changed(repository, fault_student, "main") == ["beta"]
    edit(repository, "beta", "zeta")  # not committed yet
    assert changed(repository, fault_student, "main") == ["beta", "zeta"]
    git(repository, "reset", "-q", "--hard")
    git(repository, "merge", "-q", "--no-edit", "main")  # main's changes are merged, and do not count as the branch's
    assert changed(repository, fault_student, "main") == ["beta"]


def test_histories_without_a_common_commit_are_said(repository: Path, fault_student: Path, tmp_path: Path) -> None:
    git(repository, "switch", "-q", "--orphan", "stranger")
    (repository / "new.py").write_text(function("new"))
    commit(repository, "a history of its own")
    with pytest.raises(DataError, match="no commit in common") as caught:
        changed(repository, fault_student, "main")
    assert "unshallow" in caught.value.hint


SETTINGS = {
    "core.abbrev": "4",
    "core.attributesFile": "{trap}/attributes",
    "core.autocrlf": "true",
    "core.excludesFile": "{trap}/everything",
    "core.fsmonitor": "{trap}/run",
    "core.pager": "{trap}/run",
    "core.quotePath": "false",
    "core.untrackedCache": "true",
    "color.ui": "always",
    "color.diff": "always",
    "diff.algorithm": "patience",
    "diff.context": "9",
    "diff.dirstat": "files",
    "diff.external": "{trap}/run",
    "diff.ignoreSubmodules": "all",
    "diff.interHunkContext": "99",
    "diff.mnemonicPrefix": "true",
    "diff.noprefix": "true",
    "diff.orderFile": "{trap}/everything",
    "diff.renames": "copies",
    "diff.relative": "true",
    "diff.statGraphWidth": "1",
    "diff.submodule": "log",
    "diff.suppressBlankEmpty": "true",
    "diff.wordRegex": ".",
    "diff.wsErrorHighlight": "all",
    "diff.x.binary": "true",
    "diff.x.command": "{trap}/run",
    "diff.x.textconv": "{trap}/run",
    "diff.x.xfuncname": "(",
    "pager.diff": "{trap}/run",
    "status.showUntrackedFiles": "no",
    "submodule.recurse": "true",
}
ATTRIBUTES = ["-diff", "binary", "diff=x", "-text", "text eol=crlf", "ident", "export-ignore", "linguist-generated"]
ENVIRONMENT = {
    "GIT_ATTR_SOURCE": "HEAD",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.worktree",
    "GIT_CONFIG_VALUE_0": "{trap}",
    "GIT_CONFIG_PARAMETERS": "'core.worktree={trap}'",
    "GIT_DIFF_OPTS": "--unified=99",
    "GIT_DIR": "{trap}",
    "GIT_EXTERNAL_DIFF": "{trap}/run",
    "GIT_GLOB_PATHSPECS": "1",
    "GIT_INDEX_FILE": "{trap}/index",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NAMESPACE": "other",
    "GIT_OBJECT_DIRECTORY": "{trap}",
    "GIT_PAGER": "{trap}/run",
    "GIT_PREFIX": "elsewhere/",
    "GIT_TRACE": "1",
    "GIT_WORK_TREE": "{trap}",
    "GIT_CEILING_DIRECTORIES": "{repository}",
}


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that creates a file when it runs, and files that settings may name."""
    folder = tmp_path / "trap"
    folder.mkdir()
    (folder / "run").write_text(f'#!/bin/sh\ntouch {folder}/sprung\ncat "$@" 2>/dev/null\n')
    (folder / "run").chmod(0o755)
    (folder / "everything").write_text("*\n")
    (folder / "attributes").write_text("* -diff\n")
    return folder


def check(repository: Path, student: Path, trap: Path) -> None:
    edit(repository, "alpha", "zeta")
    (repository / "src" / 'new \u00e9 "file".py').write_text(function("new"))
    assert changed(repository, student) == ["alpha", "new", "zeta"]
    assert changed(repository / "src", student) == ["alpha", "new", "zeta"]
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize("where", ["user", "repository"])
def test_no_setting_changes_what_is_read(
    repository: Path, fault_student: Path, trap: Path, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All settings together, and each alone if one could hide another."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in SETTINGS.items():
        git(repository, "config", "--global" if where == "user" else "--local", name, value.format(trap=trap))
    check(repository, fault_student, trap)


@pytest.mark.parametrize(
    "name", ["diff.interHunkContext", "diff.noprefix", "diff.relative", "core.excludesFile", "core.autocrlf"]
)
def test_no_setting_alone_changes_what_is_read(repository: Path, fault_student: Path, trap: Path, name: str) -> None:
    git(repository, "config", name, SETTINGS[name].format(trap=trap))
    check(repository, fault_student, trap)


@pytest.mark.parametrize("name", ["core.attributesFile", "core.excludesFile", "core.hooksPath", "include.path"])
def test_a_path_below_home_in_the_repository_s_settings_is_no_obstacle(
    repository: Path, fault_student: Path, trap: Path, name: str
) -> None:
    """git gives up on a setting with `~` if there is no home folder."""
    git(repository, "config", name, "~/nowhere")
    check(repository, fault_student, trap)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_no_attribute_changes_what_is_read(repository: Path, fault_student: Path, trap: Path, attribute: str) -> None:
    (repository / ".gitattributes").write_text(f"*.py {attribute}\n")
    git(repository, "config", "diff.x.command", str(trap / "run"))
    git(repository, "config", "diff.x.textconv", str(trap / "run"))
    check(repository, fault_student, trap)


@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_no_variable_changes_what_is_read(
    repository: Path, fault_student: Path, trap: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(repository, "alpha", "zeta")
    (repository / "src" / "new.py").write_text(function("new"))
    if variable.startswith("GIT_CONFIG_"):
        for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"):
            monkeypatch.setenv(name, ENVIRONMENT[name].format(trap=trap, repository=repository))
    monkeypatch.setenv(variable, ENVIRONMENT[variable].format(trap=trap, repository=repository))
    assert changed(repository / "src", fault_student) == ["alpha", "new", "zeta"]
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_the_index_calls_unchanged_are_read(repository: Path, fault_student: Path, flag: str) -> None:
    git(repository, "update-index", flag, "src/code.py")
    edit(repository, "gamma")
    assert changed(repository, fault_student) == ["gamma"]


@pytest.mark.parametrize("ends", ["file", "blob"])
def test_line_ends_alone_are_no_change(repository: Path, fault_student: Path, ends: str) -> None:
    """As on Windows, where git checks out files with CRLF that it stores with LF; or the reverse."""
    file = repository / "src" / "code.py"
    if ends == "blob":
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        git(repository, "-c", "core.autocrlf=false", "commit", "-qam", "crlf")
        edit(repository)
    else:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert changed(repository, fault_student) == []
    file.write_bytes(file.read_bytes().replace(b"total = 0", b"total = 1", 1))
    assert changed(repository, fault_student) == ["alpha"]


def test_a_repository_of_another_user_is_read(
    repository: Path, fault_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, where git refuses because of safe.directory; nothing of the repository is run."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if os.geteuid() == 0:
        for entry in [repository, *repository.rglob("*")]:
            os.chown(entry, 12345, 12345)
        monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    edit(repository, "beta")
    assert changed(repository, fault_student) == ["beta"]


def test_a_linked_working_tree_is_a_repository(repository: Path, fault_student: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    edit(tmp_path / "side", "delta")
    assert changed(tmp_path / "side", fault_student, "main") == ["delta"]
    assert changed(repository, fault_student, "main") == []


def test_files_of_a_repository_within_are_not_this_one_s(repository: Path, fault_student: Path, tmp_path: Path) -> None:
    """Submodules, and clones in the working tree: they have their own history."""
    inner = repository / "src" / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "code.py").write_text(function("inner"))
    commit(inner, "one")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    commit(repository, "with a submodule")
    (repository / "sub" / "code.py").write_text(function("inner", 9))
    edit(repository, "beta")
    assert changed(repository, fault_student) == ["beta"]
    assert changed(repository / "sub", fault_student) == ["inner"]


def test_the_old_text_must_be_there(repository: Path, fault_student: Path, tmp_path: Path) -> None:
    """A partial clone lacks the old text: git must not use the network, and the error says what to do."""
    edit(repository, "alpha")
    commit(repository, "two")
    git(repository, "config", "uploadpack.allowFilter", "true")
    part = tmp_path / "part"
    subprocess.run(
        ["git", "clone", "-q", "--filter=blob:none", repository.as_uri(), str(part)], check=True, capture_output=True
    )
    with pytest.raises(DataError, match="partial clone") as caught:
        changed(part, fault_student, "HEAD~1")
    assert "git diff" in caught.value.hint
    subprocess.run(["git", "diff", "HEAD~1"], cwd=part, check=True, capture_output=True)
    assert changed(part, fault_student, "HEAD~1") == ["alpha"]


def test_names_that_are_no_text_are_found(repository: Path, fault_student: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(repository / "src") + b"/n\xff\n.py"))
    file.write_text(function("odd"))
    commit(repository, "odd")
    assert changed(repository, fault_student) == []
    file.write_text(function("odd", 2))
    assert changed(repository, fault_student) == ["odd"]
