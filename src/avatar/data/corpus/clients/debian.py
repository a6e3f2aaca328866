"""Debian's sources, with apt-get, which checks their signatures. Debian's suites are added to a list of our own.

The mirror and its keys are those of this machine's own configuration; its settings are not changed, and no root rights
are needed.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest
from avatar.data.corpus.clients.base import CLIENTS, call

SUITES = ("bookworm", "trixie")
"""Releases of Debian whose sources are used; two of them give two versions of many packages."""

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Debian:
    """Downloads source packages. A version is that of the upstream project, without Debian's epoch and revision."""

    def __init__(self) -> None:
        self._state: tempfile.TemporaryDirectory[str] | None = None
        self._ready: list[str] = []
        self._lock = Lock()

    def _options(self) -> list[str]:
        """Options of apt with a state of our own; the lists of sources are downloaded at the first call."""
        with self._lock:
            self._ready = self._ready or self._prepared()
            return self._ready

    def _prepared(self) -> list[str]:
        self._state = tempfile.TemporaryDirectory(prefix="avatar-apt-")
        state = Path(self._state.name)
        for folder in ("lists/partial", "cache/archives/partial"):
            (state / folder).mkdir(parents=True)
        sources = state / "sources.list"
        sources.write_text("".join(f"deb-src [signed-by={KEYS}] {_mirror(state)} {suite} main\n" for suite in SUITES))
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": state / "lists",
            "Dir::Cache": state / "cache",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
        }
        options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        call(["apt-get", *options, "--error-on=any", "update"], state)
        return options

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Client`. Only the upstream project's archive must be had, of any of Debian's revisions of it."""
        records = _records(call(["apt-cache", *self._options(), "showsrc", "--only-source", name], folder), name)
        same = [record for record in records if upstream(record.version) == version]
        if not same:
            offered = ", ".join(sorted({upstream(record.version) for record in records})) or "none"
            raise DataError(f"Debian's {' and '.join(SUITES)} have no {name} {version}", f"available: {offered}")
        failure: DataError | None = None
        for record in reversed(same):
            fetch = ["source", "--download-only", "--only-source", "-qq", f"{name}={record.version}"]
            try:
                call(["apt-get", *self._options(), *fetch], folder)
            except DataError as error:
                failure = error
            archive = folder / record.archive
            if archive.is_file() and file_digest(archive) == record.sha256:
                return archive
        raise failure or DataError(f"apt-get did not download {same[-1].archive}", "check the network")


@dataclass(frozen=True)
class _Record:
    """A source package of a suite: Debian's version, and the name and digest of the upstream project's archive."""

    version: str
    archive: str
    sha256: str


def _records(text: str, name: str) -> list[_Record]:
    """The records of `apt-cache showsrc`, which come from lists that Debian signed."""
    records = []
    for paragraph in text.split("\n\n"):
        version = re.search(r"^Version: (\S+)$", paragraph, re.MULTILINE)
        digests = re.search(r"^Checksums-Sha256:.*\n((?: .*\n?)+)", paragraph, re.MULTILINE)
        if version is None or digests is None or f"Package: {name}\n" not in paragraph:
            continue
        files = re.findall(r"^ ([0-9a-f]{64}) \d+ (\S+\.tar\.(?:gz|bz2|xz))$", digests.group(1), re.MULTILINE)
        original = [file for file in files if ".orig.tar." in file[1]] or files
        if len(original) == 1:
            records.append(_Record(version.group(1), original[0][1], original[0][0]))
    return records


def upstream(version: str) -> str:
    """The version of the upstream project: "1:1.2.13.dfsg-1" is "1.2.13.dfsg"."""
    without_epoch = re.sub(r"^\d+:", "", version)
    return without_epoch.rpartition("-")[0] or without_epoch


def _mirror(folder: Path) -> str:
    """Address of the mirror that this machine's packages come from."""
    lines = call(["apt-get", "indextargets", "--format", "$(LABEL)|$(SITE)|$(CREATED_BY)|$(ORIGIN)"], folder)
    for line in lines.splitlines():
        label, site, _, origin = line.split("|")
        if (label, origin) == ("Debian", "Debian") and "security" not in site:
            return site
    raise DataError("apt-get of this machine has no Debian mirror", "run this on Debian, or leave its packages out")


CLIENTS.register("debian")(Debian())
