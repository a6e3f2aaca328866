"""Which files of a release are read: those that its project's people wrote, in the languages of the list."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from avatar.code.languages import LANGUAGES, language_of_file
from avatar.code.languages.base import words
from avatar.common.errors import DataError
from avatar.data.corpus.archives import Member, members
from avatar.data.corpus.package_list import Release
from avatar.serve.scan.generated import SKIPPED_FOLDERS
from avatar.serve.scan.source_files import why_not

FOREIGN = SKIPPED_FOLDERS | words(
    "_vendor vendored thirdparty third-party 3rdparty extern external externals deps contrib-deps"
)
"""Folders with copies of other projects."""

MADE = words(
    """
    dist build out cjs esm umd es es5 es6 esm5 _esm5 _esm2015 commonjs amd bundle bundles generated gen
    fixtures __fixtures__ testdata test-data test_data snapshots __snapshots__
    """
)
"""Folders with the output of programs, and with inputs of tests."""

_MADE_FILE = re.compile(
    r"(\.min\.m?js|\.d\.[cm]?ts|_pb2(_grpc)?\.py|\.pb\.(go|cc|h)|\.(g|designer)\.cs)$", re.IGNORECASE
)
_OTHER_LICENCE = re.compile(
    rb"\bA?L?GPL\b|GNU (?:Affero |Lesser |Library )?General\s|Mozilla Public License|\bMPL[- ]?\d"
    rb"|Eclipse Public License|Common Development and Distribution License|\bCDDL\b",
    re.IGNORECASE,
)
"""A licence in the head of a file that is not that of its project; also in files with a choice of two licences."""
_HEAD = 3_000

_TEST_FOLDERS = words("test tests spec specs __tests__ e2e unittest unittests testsuite test-suite")
_TEST_FILE = re.compile(
    r"(^test_|^conftest\.py$|_tests?\.\w+$|_spec\.\w+$|\.(test|spec)\.\w+$)|(Tests?|TestCase|Spec)\.(java|kt|cs|php)$"
)


@dataclass(frozen=True)
class SourceText:
    """One source file of a release. `language` is one of the release's languages."""

    path: str
    language: str
    content: bytes
    is_test: bool

    @property
    def text(self) -> str:
        """The content as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8-sig", "replace")


def source_texts(release: Release, archive: Path) -> list[SourceText]:
    """The files of `release` that are read, sorted by path.

    Left out are copies of other projects, generated and minified files, files that are too large, files whose head
    names a licence that is not permissive, and languages that are not registered.
    """
    languages = [name for name in release.languages if name in LANGUAGES.names()]

    texts = []
    for member in _in_languages(archive, tuple(languages)):
        inside = _inside(member.path, release.folders)
        language = language_for(member.path, languages)
        if inside is None or language is None or not is_own(inside) or _OTHER_LICENCE.search(member.content[:_HEAD]):
            continue
        if not why_not(member.content):
            texts.append(SourceText(member.path, language, member.content, is_test(member.path)))
    if languages and not texts:
        raise DataError(
            f"{release.title} has no source file in {', '.join(languages)}",
            "correct its languages and folders in the list, or leave it out",
        )
    return sorted(texts, key=lambda one: one.path)


@lru_cache(maxsize=2)
def _in_languages(archive: Path, languages: tuple[str, ...]) -> list[Member]:
    """The source files of an archive. The last two archives are kept: a large one has several projects."""
    return members(archive, lambda path: language_for(path, languages) is not None)


def language_for(path: str, languages: Collection[str]) -> str | None:
    """The language of `languages` in which a file is read. A header (.h) may be C or C++; C is its own language."""
    language = language_of_file(path)
    if language in languages:
        return language
    return "cpp" if path.lower().endswith(".h") and "cpp" in languages else None


def is_own(path: str) -> bool:
    """Whether a path may be of a file that people of the project wrote."""
    *folders, name = path.lower().split("/")
    if any(part in FOREIGN or part in MADE or part.endswith(".dist-info") for part in folders):
        return False
    return not name.startswith(".") and not _MADE_FILE.search(name)


def is_test(path: str) -> bool:
    """Whether a path looks like that of a test."""
    *folders, name = path.split("/")
    return any(part.lower() in _TEST_FOLDERS for part in folders) or _TEST_FILE.search(name) is not None


def _inside(path: str, folders: Collection[str]) -> str | None:
    """The part of the path below one of `folders`; None if it is below none of them."""
    if not folders:
        return path
    return next((path.removeprefix(f"{folder}/") for folder in folders if path.startswith(f"{folder}/")), None)
