"""Archives are read in memory, with limits, and nothing outside of them is read or written."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.data.corpus.archives import Limits, members
from small_archives import tar, wheel


def always(path: str) -> bool:
    return True


def test_a_common_top_folder_is_not_part_of_the_paths(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", {"src/a.py": "one", "README": "two"})
    assert {one.path: one.content for one in members(path, always)} == {"src/a.py": b"one", "README": b"two"}
    flat = tar(tmp_path / "b.tgz", {"src/a.py": "one", "README": "two"}, top="")
    assert [one.path for one in members(flat, always)] == ["src/a.py", "README"]


def test_a_wheel_keeps_its_folders(tmp_path: Path) -> None:
    path = wheel(tmp_path / "a-1.0-py3-none-any.whl", {"a/b.py": "one"})
    assert [one.path for one in members(path, always)] == ["a/b.py"]


def test_only_wanted_files_are_returned(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tgz", {"a.py": "one", "b.txt": "two"})
    assert [one.path for one in members(path, lambda name: name.endswith(".py"))] == ["a.py"]


def test_links_devices_and_paths_outside_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in [("top/link", tarfile.SYMTYPE), ("top/hard", tarfile.LNKTYPE), ("top/dev", tarfile.CHRTYPE)]:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        for name in ("../outside.py", "/absolute.py", "top/../../outside.py", "top/good.py"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
    before = sorted(tmp_path.parent.rglob("*"))
    assert [one.path for one in members(path, always)] == ["good.py"]
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_links_and_paths_outside_are_left_out_of_wheels(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        for name in ("../outside.py", "/absolute.py", "C:/drive.py", "..\\outside.py", "good.py"):
            archive.writestr(name, "x")
    assert [one.path for one in members(path, always)] == ["good.py"]


def test_a_file_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    files = {"large.py": "x" * 101, "small.py": "x" * 100}
    for path in (tar(tmp_path / "a.tgz", files), wheel(tmp_path / "a.whl", files)):
        assert [one.path for one in members(path, always, Limits(file=100))] == ["small.py"]


@pytest.mark.parametrize("kind", ["tgz", "whl"])
def test_an_archive_that_is_too_large_when_unpacked_is_refused(tmp_path: Path, kind: str) -> None:
    files = {f"{number}.py": "x" * 1000 for number in range(200)}
    path = (tar if kind == "tgz" else wheel)(tmp_path / f"a.{kind}", files)
    with pytest.raises(DataError, match="more than 50000 bytes"):
        members(path, always, Limits(all=50_000))
    with pytest.raises(DataError, match="more than 100 files"):
        members(path, always, Limits(files=100))


def test_bytes_of_files_that_are_not_wanted_count_too(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tgz", {"bomb.bin": b"\0" * 10_000_000, "a.py": "one"})
    assert path.stat().st_size < 50_000
    with pytest.raises(DataError, match="more than 1000000 bytes"):
        members(path, lambda name: name.endswith(".py"), Limits(all=1_000_000))


@pytest.mark.parametrize("name", ["a.tgz", "a.whl", "a.tar.xz", "a.tar.bz2"])
def test_a_damaged_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not an archive" * 100)
    with pytest.raises(DataError, match="cannot read the archive"):
        members(path, always)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rar").write_bytes(b"x")
    with pytest.raises(DataError, match="not an archive of a known kind"):
        members(tmp_path / "a.rar", always)
