"""The list of packages: which release of which project is downloaded, and in which split it is."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from avatar.common.errors import DataError, did_you_mean
from avatar.common.files import writing
from avatar.data.corpus.licences import is_permissive

SPLITS = ("train", "valid", "test")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"(@[\w.-]+/)?[\w][\w.+-]*")
_VERSION = re.compile(r"[\w][\w.+~!-]*")


@dataclass(frozen=True)
class Release:
    """One archive of the list, or some of its folders: a large archive can have several projects.

    Projects of one `family` share code or authors; a family is in one split. `registry` names a client of
    `avatar.data.corpus.clients`. Only files in `languages` and below `folders` (all if empty; relative to the
    archive's top folder) are read. `licence` is an SPDX expression. `sha256` is empty until the release is pinned.
    """

    family: str
    project: str
    split: str
    registry: str
    name: str
    version: str
    languages: tuple[str, ...]
    licence: str
    folders: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def title(self) -> str:
        """Name for messages: "pypi requests 2.32.0"."""
        return f"{self.registry} {self.name} {self.version}"


_COLUMNS = [field.name for field in fields(Release)]


def read_list(path: Path) -> tuple[Release, ...]:
    """The releases of a list (CSV with a header), the older release of a project first.

    All problems are reported in one DataError: a name or version that is not one, two splits for a family, a licence
    that is not permissive, a release that is listed twice, or a digest that is not a SHA-256.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read the list {path}: {error.strerror}", "give a CSV file of packages") from error
    rows = csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if rows.fieldnames is None or list(rows.fieldnames) != _COLUMNS:
        raise DataError(f"{path} has the columns {rows.fieldnames}", f"the columns are {','.join(_COLUMNS)}")
    releases: list[Release] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            problems.append(f"row {number}: {len(_COLUMNS)} columns are needed; {','.join(_COLUMNS)}")
            continue
        release = _release(row)
        problems += [f"row {number} ({release.title}): {problem}" for problem in _problems(release)]
        releases.append(release)
    problems += _conflicts(releases)
    if problems:
        shown = "\n".join(f"  - {problem}" for problem in problems[:20])
        more = f"\n  and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise DataError(f"{path} has {len(problems)} problem(s):\n{shown}{more}", "correct the list")
    return tuple(releases)


def write_list(path: Path, releases: Sequence[Release]) -> None:
    """Write the list; comments at the top of an existing file are kept."""
    comments = []
    if path.exists():
        comments = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"{line}\n" for line in comments)
        table = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
        table.writeheader()
        for release in releases:
            row = asdict(release)
            table.writerow(row | {name: " ".join(row[name]) for name in ("languages", "folders")})


def _release(row: dict[str, str]) -> Release:
    values = {name: row[name].strip() for name in _COLUMNS if name not in {"languages", "folders"}}
    return Release(**values, languages=tuple(row["languages"].split()), folders=tuple(row["folders"].split()))


def _problems(release: Release) -> Iterable[str]:
    for name in ("family", "project"):
        value = getattr(release, name)
        if not _NAME.fullmatch(value) or "/" in value:
            yield f"{name} is '{value}'; it has letters, digits and -_.+ only"
    if not _NAME.fullmatch(release.name):
        yield f"name is '{release.name}'; it is the package's name in its registry"
    if not _VERSION.fullmatch(release.version):
        yield f"version is '{release.version}'; it is one exact version"
    if release.split not in SPLITS:
        yield f"split is '{release.split}'; {did_you_mean(release.split, SPLITS)}"
    if not release.languages:
        yield "languages is empty; name at least one"
    if release.sha256 and not _SHA256.fullmatch(release.sha256):
        yield f"sha256 is '{release.sha256}'; it has 64 digits in lower case, or is empty before the release is pinned"
    try:
        if not is_permissive(release.licence):
            yield f"licence is '{release.licence}', which is not permissive; leave the package out"
    except DataError as error:
        yield str(error).replace("\n", "; ")


def _conflicts(releases: Sequence[Release]) -> Iterable[str]:
    split_of: dict[str, str] = {}
    family_of: dict[str, str] = {}
    digest_of: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for release in releases:
        if split_of.setdefault(release.family, release.split) != release.split:
            yield f"the family {release.family} is in the splits {split_of[release.family]} and {release.split}"
        if family_of.setdefault(release.project, release.family) != release.family:
            yield f"the project {release.project} is in the families {family_of[release.project]} and {release.family}"
        if digest_of.setdefault(release.title, release.sha256) != release.sha256:
            yield f"{release.title} has two digests"
        if (release.project, release.title) in seen:
            yield f"{release.title} is listed twice for the project {release.project}"
        seen.add((release.project, release.title))
