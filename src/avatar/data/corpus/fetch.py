"""Downloads the releases of a list. What is there already, with the right digest, is not downloaded again."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from threading import Event

from avatar.common.errors import DataError
from avatar.common.hashing import file_digest
from avatar.common.logging import get_logger, progress
from avatar.data.corpus.clients import CLIENTS, Client
from avatar.data.corpus.package_list import Release

MOST_FAILURES = 10
"""After so many failures in a row, no more downloads are tried: there may be no network."""

WORKERS = 4
"""Downloads at the same time."""


def archive_of(release: Release, folder: Path) -> Path | None:
    """The archive of a release that was downloaded into `folder`; None if it was not."""
    home = _home(release, folder)
    names = sorted(path for path in home.glob("archive/*") if path.is_file())
    return names[0] if len(names) == 1 else None


def fetch(
    releases: Sequence[Release],
    folder: Path,
    pin: bool = False,
    client_of: Callable[[str], Client] = CLIENTS.get,
) -> tuple[Release, ...]:
    """Download the archives of all `releases` into `folder` and check their digests; returns the releases with digests.

    A release without a digest is a DataError, unless `pin`: then its digest becomes that of the download. Releases that
    cannot be had do not stop the others; they are reported in one DataError at the end. The download is given up after
    `MOST_FAILURES` failures in a row.
    """
    unpinned = [release.title for release in releases if not release.sha256]
    if unpinned and not pin:
        raise DataError(f"{len(unpinned)} releases have no sha256: {', '.join(unpinned[:5])}", "pin them: fetch --pin")
    archives = {release.title: release for release in releases}
    digests: dict[str, str] = {}
    failures: dict[str, str] = {}
    given_up = Event()

    def download(release: Release) -> str | None:
        return None if given_up.is_set() else _fetched(release, folder, client_of)

    in_a_row = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = {pool.submit(download, release): title for title, release in archives.items()}
        for job in progress(as_completed(jobs), "downloading packages", len(jobs)):
            title = jobs[job]
            try:
                digest = job.result()
            except DataError as error:
                failures[title] = f"{error.message} ({error.hint})"
                get_logger("corpus").warning("%s: %s", title, failures[title])
                in_a_row += 1
                if in_a_row == MOST_FAILURES:
                    given_up.set()
                continue
            if digest is None:
                failures[title] = "not tried"
            else:
                digests[title] = digest
                in_a_row = 0
    if failures:
        listed = "\n".join(f"  - {title}: {failure}" for title, failure in failures.items())
        raise DataError(
            f"{len(failures)} of {len(archives)} archives cannot be had:\n{listed}",
            f"run the command again; the others are in {folder} and are not downloaded again",
        )
    return tuple(replace(release, sha256=digests[release.title]) for release in releases)


def _home(release: Release, folder: Path) -> Path:
    return folder / release.registry / release.name.replace("/", "+") / release.version


def _fetched(release: Release, folder: Path, client_of: Callable[[str], Client]) -> str:
    """The digest of the release's archive, which is downloaded if it is not there."""
    archive = archive_of(release, folder)
    if archive is not None and release.sha256 in {"", digest := file_digest(archive)}:
        return digest
    home = _home(release, folder)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".downloading-") as name:
        work = Path(name)
        (work / "all").mkdir()
        downloaded = client_of(release.registry).download(release.name, release.version, work / "all")
        digest = file_digest(downloaded)
        if release.sha256 not in {"", digest}:
            raise DataError(
                f"{downloaded.name} has the SHA-256 {digest}, and the list says {release.sha256}",
                "the archive was replaced in its registry, or altered on the way; do not use it",
            )
        (work / "result" / "archive").mkdir(parents=True)
        downloaded.replace(work / "result" / "archive" / downloaded.name)
        for other in (work / "all").iterdir():  # Debian's own part, which has the licences of all files
            other.replace(work / "result" / other.name)
        if home.exists():
            shutil.rmtree(home)
        (work / "result").replace(home)
    return digest
