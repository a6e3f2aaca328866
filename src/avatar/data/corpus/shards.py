"""One file of functions for each project; a project that was extracted is not extracted again."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from avatar.code.languages import LANGUAGES
from avatar.common.errors import DataError
from avatar.common.files import writing
from avatar.common.hashing import stable_hash
from avatar.common.logging import get_logger, progress
from avatar.data.corpus.extract import REVISION, Extracted, Rules, extract
from avatar.data.corpus.fetch import archive_of
from avatar.data.corpus.package_list import Release


def write_shards(releases: Sequence[Release], folder: Path, rules: Rules) -> dict[str, Path]:
    """Extract the functions of each project from `folder`/archives; returns the file of each project.

    A release that was not downloaded is a DataError; so are, at the end, projects that cannot be extracted. A project
    without a registered language has no file.
    """
    missing = [release.title for release in releases if archive_of(release, folder / "archives") is None]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise DataError(f"{len(missing)} of {len(releases)} releases are not in {folder}: {shown}", "fetch them first")
    projects: dict[str, list[Release]] = {}
    for release in releases:
        if set(release.languages) & set(LANGUAGES.names()):
            projects.setdefault(release.project, []).append(release)
    (folder / "projects").mkdir(exist_ok=True)
    shards: dict[str, Path] = {}
    problems: list[str] = []
    for name in progress(list(projects), "extracting functions"):
        try:
            shards[name] = _shard(projects[name], folder, rules)
        except DataError as error:
            problems.append(f"{error.message} ({error.hint})")
            get_logger("corpus").warning("%s", problems[-1])
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise DataError(
            f"{len(problems)} of {len(projects)} projects cannot be extracted:\n{listed}",
            "correct the list and run the command again; the other projects are not extracted again",
        )
    return shards


def read_shard(path: Path) -> Iterator[Extracted]:
    """The functions of one project."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield Extracted(**json.loads(line))


def write_lines(path: Path, rows: Iterator[dict[str, object]]) -> None:
    """Write `rows` as gzipped JSON lines. Equal rows give equal bytes."""
    with (
        writing(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as stream,
    ):
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n")


def _shard(releases: Sequence[Release], folder: Path, rules: Rules) -> Path:
    languages = sorted({name for release in releases for name in release.languages} & set(LANGUAGES.names()))
    key = stable_hash([[asdict(release) for release in releases], asdict(rules), REVISION, languages])
    path = folder / "projects" / f"{releases[0].project}-{key}.jsonl.gz"
    if not path.exists():
        archives = {one: archive for one in releases if (archive := archive_of(one, folder / "archives"))}
        functions = extract(releases, archives, rules)
        if not functions:
            get_logger("corpus").warning("%s has no functions", releases[0].title)
        write_lines(path, (asdict(function) for function in functions))
    return path
