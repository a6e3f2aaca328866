"""The clients run the registries' programs, and no code of a package."""

import hashlib
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.data.corpus.clients import CLIENTS
from avatar.data.corpus.clients.debian import Debian, upstream

WHEEL = {
    "small/__init__.py": "",
    "small-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n",
    "small-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "small-1.0.dist-info/RECORD": "",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip uses instead of an index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "to"
    path.mkdir()
    return path


def test_pip_downloads_a_wheel(index: Path, folder: Path) -> None:
    with zipfile.ZipFile(index / "small-1.0-py3-none-any.whl", "w") as archive:
        for name, text in WHEEL.items():
            archive.writestr(name, text)
    assert CLIENTS.get("pypi").download("small", "1.0", folder).name == "small-1.0-py3-none-any.whl"


def test_pip_never_builds_an_sdist(index: Path, folder: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (tmp_path / "pyproject.toml").write_text(system)
    (tmp_path / "backend.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    with tarfile.open(index / "small-1.0.tar.gz", "w:gz") as archive:
        for name in ("pyproject.toml", "backend.py"):
            archive.add(tmp_path / name, f"small-1.0/{name}")
    with pytest.raises(DataError, match="failed"):
        CLIENTS.get("pypi").download("small", "1.0", folder)
    assert not ran.exists()


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that are found first."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


def test_npm_packs_the_published_archive_without_scripts(programs: Path, folder: Path) -> None:
    program(programs / "npm", f'echo "$@" > {folder}/arguments; touch {folder}/scope-name-1.0.tgz')
    assert CLIENTS.get("npm").download("@scope/name", "1.0", folder).name == "scope-name-1.0.tgz"
    arguments = (folder / "arguments").read_text().split()
    assert arguments[0] == "pack"
    assert "--ignore-scripts" in arguments
    assert arguments[-1] == "@scope/name@1.0"


def test_a_failing_program_is_an_error_with_its_last_lines(programs: Path, folder: Path) -> None:
    program(programs / "npm", "echo 404 not in the registry >&2; exit 1")
    with pytest.raises(DataError, match=r"npm failed: 404 not in the registry"):
        CLIENTS.get("npm").download("name", "1.0", folder)


def test_a_missing_program_is_an_error(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(DataError, match="npm is not installed"):
        CLIENTS.get("npm").download("name", "1.0", folder)


CONTENT = "source\n"
RECORD = """Package: small
Version: {version}
Checksums-Sha256:
 {digest} 7 small_1.2.orig.tar.gz
 {other} 9 small_{version}.debian.tar.xz
"""


def apt(programs: Path, offered: dict[str, str], served: set[str]) -> None:
    """Fake apt programs. `offered`: Debian's versions, and the archive's digest; `served`: those that can be had."""
    records = "\n".join(
        RECORD.format(version=version, digest=digest, other="1" * 64) for version, digest in offered.items()
    )
    (programs.parent / "records").write_text(records)
    program(programs / "apt-cache", f"cat {programs.parent}/records")
    cases = "".join(f"*small={version}*) printf 'source\\n' > small_1.2.orig.tar.gz ;;\n" for version in sorted(served))
    mirror = "echo 'Debian|http://mirror.invalid/debian|Packages|Debian'"
    program(
        programs / "apt-get",
        f'echo "$@" >> {programs.parent}/calls\ncase "$*" in\n*indextargets*) {mirror} ;;\n*update*) ;;\n{cases}'
        "*) echo 404 >&2; exit 100 ;;\nesac",
    )


DIGEST = hashlib.sha256(CONTENT.encode()).hexdigest()


def test_apt_takes_the_newest_revision_of_the_version(programs: Path, folder: Path) -> None:
    program(programs / "unused", "")
    apt(programs, {"1:1.2-1": DIGEST, "1:1.2-2": DIGEST, "1:1.3-1": "2" * 64}, {"1:1.2-1", "1:1.2-2"})
    assert Debian().download("small", "1.2", folder).read_text() == CONTENT
    calls = (programs.parent / "calls").read_text()
    assert "small=1:1.2-2" in calls
    assert "small=1:1.2-1" not in calls
    assert "--download-only" in calls
    sources = next(word for word in calls.split() if word.startswith("Dir::Etc::sourcelist="))
    assert str(Path.home()) not in sources


def test_apt_tries_the_other_revisions(programs: Path, folder: Path) -> None:
    program(programs / "unused", "")
    apt(programs, {"1.2-1": DIGEST, "1.2-2": DIGEST}, {"1.2-1"})
    assert Debian().download("small", "1.2", folder).read_text() == CONTENT


def test_an_archive_without_the_signed_digest_is_refused(programs: Path, folder: Path) -> None:
    program(programs / "unused", "")
    apt(programs, {"1.2-1": "2" * 64}, {"1.2-1"})
    with pytest.raises(DataError, match="did not download"):
        Debian().download("small", "1.2", folder)


def test_a_version_that_debian_does_not_have_is_refused_with_those_that_it_has(programs: Path, folder: Path) -> None:
    program(programs / "unused", "")
    apt(programs, {"1:1.2-1": DIGEST, "1.3~rc1-1": DIGEST}, set())
    with pytest.raises(DataError, match=r"no small 2\.0") as caught:
        Debian().download("small", "2.0", folder)
    assert "available: 1.2, 1.3~rc1" in str(caught.value)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1:1.2.13.dfsg-1", "1.2.13.dfsg"), ("2.0-rc1-3", "2.0-rc1"), ("5", "5"), ("3:5", "5")],
)
def test_upstream_version(version: str, expected: str) -> None:
    assert upstream(version) == expected
