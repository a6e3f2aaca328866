"""The list of packages: what is refused, and what the shipped list promises."""

from collections import defaultdict
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.data.corpus.licences import is_permissive
from avatar.data.corpus.package_list import SPLITS, read_list, write_list

LIST = Path(__file__).parents[3] / "conf" / "corpus" / "packages.csv"
HEADER = "family,project,split,registry,name,version,languages,licence,folders,sha256\n"
DIGEST = "0" * 64


def write(folder: Path, *rows: str) -> Path:
    path = folder / "packages.csv"
    path.write_text("# why\n" + HEADER + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-or-later", True),
        ("MIT AND LGPL-2.1-only", False),
        ("(MIT OR GPL-2.0-only) AND Zlib", True),
        ("MPL-2.0", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_licence_expressions(expression: str, expected: bool) -> None:
    assert is_permissive(expression) is expected


@pytest.mark.parametrize("expression", ["", "MIT OR", "(MIT", "MIT MIT", "see LICENSE"])
def test_a_text_that_is_no_licence_expression_is_refused(expression: str) -> None:
    with pytest.raises(DataError, match="SPDX"):
        is_permissive(expression)


def test_a_list_is_read_and_written_without_a_change(tmp_path: Path) -> None:
    row = f"f,p,train,pypi,p,1.0,python c,MIT,src lib,{DIGEST}"
    path = write(tmp_path, row, "g,q,test,npm,@s/q,2.0-rc.1,javascript,Apache-2.0 OR MIT,,")
    before = path.read_text()
    releases = read_list(path)
    assert releases[0].languages == ("python", "c")
    assert releases[0].folders == ("src", "lib")
    write_list(path, releases)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["f,p,train,pypi,p,1.0,python,GPL-3.0-only,,"], "not permissive"),
        (["f,p,train,pypi,p,1.0,python,MIT,,", "f,q,test,pypi,q,1.0,python,MIT,,"], "family f is in the splits"),
        (["f,p,train,pypi,p,1.0,python,MIT,,", "g,p,train,pypi,p,2.0,python,MIT,,"], "project p is in the families"),
        (["f,p,train,pypi,p,1.0,python,MIT,,"] * 2, "listed twice"),
        (["f,p,train,pypi,../p,1.0,python,MIT,,"], "the package's name"),
        (["f,p,train,pypi,--index=x,1.0,python,MIT,,"], "the package's name"),
        (["f,p,train,pypi,p,1.0/..,python,MIT,,"], "exact version"),
        (["f,p,train,pypi,p,>=1,python,MIT,,"], "exact version"),
        (["f,p,learn,pypi,p,1.0,python,MIT,,"], "split is 'learn'"),
        (["f,p,train,pypi,p,1.0,,MIT,,"], "languages is empty"),
        (["f,p,train,pypi,p,1.0,python,MIT,,abc"], "64 digits"),
        (["f,p,train,pypi,p"], "columns are needed"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_list(write(tmp_path, *rows))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    rows = ["f,p,learn,pypi,p,1.0,python,MIT,,", "g,q,train,pypi,q,1.0,python,MPL-2.0,,"]
    with pytest.raises(DataError, match=r"2 problem\(s\)") as caught:
        read_list(write(tmp_path, *rows))
    assert "learn" in str(caught.value)
    assert "MPL-2.0" in str(caught.value)


def test_another_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,version\np,1.0\n")
    with pytest.raises(DataError, match="the columns are family,project"):
        read_list(path)


def test_the_shipped_list_has_many_projects_in_all_languages_and_splits() -> None:
    releases = read_list(LIST)  # one split for each family, permissive licences only: read_list refuses others
    assert all(release.sha256 for release in releases)
    assert len({release.project for release in releases}) >= 300
    projects: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for release in releases:
        for language in release.languages:
            projects[language, release.split].add(release.project)
    languages = {language for language, _ in projects}
    named = "java python c cpp javascript typescript go rust csharp kotlin php ruby"
    assert languages >= set(named.split())
    for split in SPLITS:
        assert all(projects[language, split] for language in languages), split
    two = [release for release in releases if sum(other.project == release.project for other in releases) > 1]
    assert len({release.project for release in two}) >= 200, "projects with two releases"
