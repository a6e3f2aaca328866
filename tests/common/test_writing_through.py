"""Files are replaced as a whole; pipes, devices and descriptors get the content written into them."""

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from avatar.common.errors import AvatarError
from avatar.common.files import write_text, writing

LONG = "long text \u00e9\n" * 20_000
"""More bytes than the buffer of a pipe."""


def device(path: Path, minor: int) -> Path:
    """A device like /dev/null (3) or /dev/full (7), so that no test can damage the real one."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        path.open("wb").close()
    except OSError:
        pytest.skip("device nodes cannot be made or opened here")
    return path


def reading(path: Path) -> Callable[[], bytes]:
    """Read a pipe in a thread; the returned function waits for the end."""
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    thread.start()

    def wait() -> bytes:
        thread.join(20)
        return got[0]

    return wait


def in_a_child(user: int, work: Callable[[], None]) -> int:
    """Exit status of `work` in a process of another user: 0, or 9 for an exception."""
    child = os.fork()
    if child == 0:
        status = 9
        try:
            os.setgid(user)
            os.setuid(user)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_named_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    wait = reading(pipe)
    write_text(pipe, LONG)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert wait().decode() == LONG
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_stays_one(tmp_path: Path) -> None:
    null = device(tmp_path / "null", 3)
    write_text(null, "text")
    assert stat.S_ISCHR(null.lstat().st_mode)
    (tmp_path / "link").symlink_to(null)
    write_text(tmp_path / "link", "text")
    assert stat.S_ISCHR((tmp_path / "link").stat().st_mode)


def test_a_full_device_is_said(tmp_path: Path) -> None:
    full = device(tmp_path / "full", 7)
    with pytest.raises(AvatarError, match="No space left") as caught:
        write_text(full, "text")
    assert caught.value.exit_status == 2
    assert "free some disk space" in caught.value.hint


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_the_target_of_a_link_is_written(tmp_path: Path, exists: bool, relative: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    target, link, second = folder / "target", tmp_path / "link", tmp_path / "second"
    if exists:
        target.write_text("old")
    link.symlink_to(Path("folder/target") if relative else target)
    second.symlink_to(link)
    write_text(second, "new")
    assert (second.is_symlink(), link.is_symlink(), target.is_symlink()) == (True, True, False)
    assert target.read_text() == "new"
    assert list(folder.iterdir()) == [target]


def test_links_in_a_circle_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(AvatarError, match="symbolic links") as caught:
        write_text(tmp_path / "a", "text")
    assert "disk space" not in caught.value.hint
    (tmp_path / "folder").mkdir()
    with pytest.raises(AvatarError, match="directory") as caught:
        write_text(tmp_path / "folder", "text")
    assert "name a file" in caught.value.hint


def test_a_failed_block_writes_nothing_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")

    def fails() -> None:
        with writing(tmp_path / "link") as temporary:
            temporary.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert (tmp_path / "target").read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"target", "link"}


def test_permissions_of_a_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12346)
        write_text(path, "newer")
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_a_file_in_a_folder_that_is_not_ours_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("old and longer")
    (folder / "file").chmod(0o666)
    for one in (tmp_path, *tmp_path.parents):
        if one.stat().st_uid == 0 and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o055)
    assert in_a_child(12345, lambda: write_text(folder / "file", "new")) == 0
    assert (folder / "file").read_text() == "new"
    assert in_a_child(12345, lambda: write_text(folder / "other", "new")) == 9
    assert [entry.name for entry in folder.iterdir()] == ["file"]


def test_a_file_that_is_a_mount_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker run -v $PWD/out.sarif:/out.sarif`: it cannot be replaced."""
    path = tmp_path / "file"
    path.write_text("old and longer")

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


PROGRAM = """
import sys
from pathlib import Path
from avatar.common.files import write_text
write_text(Path(sys.argv[1]), "text " * 50_000)
"""


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(PROGRAM)
    words = {"python": sys.executable, "program": folder / "program.py"}
    return subprocess.run(
        ["bash", "-c", script.format(**words)], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )


@pytest.mark.parametrize(
    ("script", "size"),
    [
        ("{python} {program} >(wc -c > size); while [ ! -s size ]; do sleep 0.05; done", 250_000),
        ("{python} {program} /dev/stdout | wc -c > size", 250_000),
        ("{python} {program} /dev/fd/1 | wc -c > size", 250_000),
        ("{python} {program} /proc/self/fd/1 | wc -c > size", 250_000),
        ("{python} {program} /dev/fd/7 7>&1 | wc -c > size", 250_000),
        # a file that others write to too: neither replaced nor truncated
        ("(printf 12345; {python} {program} /dev/stdout; printf 67) > out; wc -c < out > size", 250_007),
        ("printf 123 > out; {python} {program} /dev/stdout >> out; wc -c < out > size", 250_003),
        ("ln -s /dev/stdout link; {python} {program} link | wc -c > size; test -L link", 250_000),
        ("{python} {program} /dev/stderr 2>&1 >/dev/null | wc -c > size", 250_000),
    ],
)
def test_what_a_shell_hands_over_is_written_to(tmp_path: Path, script: str, size: int) -> None:
    shell(script, tmp_path)
    assert int((tmp_path / "size").read_text()) == size


def test_a_relative_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of temporary files are absolute: a relative target must be compared with them as absolute."""
    monkeypatch.chdir(tmp_path)
    write_text(Path("new/file.txt"), "whole")
    write_text(Path("new/file.txt"), "replaced")
    assert (tmp_path / "new" / "file.txt").read_text() == "replaced"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.txt"]
