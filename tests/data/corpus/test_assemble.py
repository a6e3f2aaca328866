"""The corpus: no project and no function is in two splits, and the groups point at the right functions."""

import gzip
import json
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.data.corpus.assemble import Summary, assemble, simple_name
from avatar.data.corpus.extract import Rules
from avatar.data.corpus.package_list import SPLITS, Release
from avatar.data.corpus.same_names import Named, NameRules, name_words, same_names
from avatar.data.corpus.shards import write_shards
from small_archives import downloaded, function, release


def lines(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def build(folder: Path, releases: list[Release], per_language: int = 40_000) -> Summary:
    return assemble(releases, write_shards(releases, folder, Rules()), folder, per_language)


def small_corpus(folder: Path) -> list[Release]:
    """Projects a and b in train, v in valid, t in test; `shared` is in a and t, `twice` in a and b."""

    def files(*functions: str) -> dict[str, str | bytes]:
        return {f"m{number}.py": text for number, text in enumerate(functions)}

    copy = function("shared", 90).replace("total = 0", "total = 0  # a copy")
    return [
        downloaded(
            folder, release("a"), files(function("own", 1), function("changed_here", 2), function("shared", 90))
        ),
        downloaded(
            folder,
            release("a", version="2.0"),
            files(function("own", 1), function("changed_here", 3), function("shared", 90), function("twice", 91)),
        ),
        downloaded(
            folder, release("b"), files(function("twice", 91), function("changed_here", 4), function("parse_date", 5))
        ),
        downloaded(folder, release("v", "valid"), files(function("valid_one", 6), function("parse_date", 7))),
        downloaded(folder, release("t", "test"), files(copy, function("test_one", 8), function("changed_here", 9))),
    ]


def test_no_project_and_no_function_is_in_two_splits(tmp_path: Path) -> None:
    summary = build(tmp_path, small_corpus(tmp_path))
    rows = {split: lines(tmp_path / f"{split}.jsonl.gz") for split in SPLITS}
    names = {split: sorted(str(row["name"]) for row in part) for split, part in rows.items()}
    assert names["train"] == sorted(["own", "changed_here", "changed_here", "changed_here", "twice", "parse_date"])
    assert names["valid"] == ["parse_date", "valid_one"]
    assert names["test"] == ["changed_here", "test_one"]
    projects = [{row["project"] for row in part} for part in rows.values()]
    assert sum(map(len, projects)) == len(set.union(*projects)) == 4
    assert summary.left_out == {"also in another split": 2, "copies": 1}
    assert summary.functions == {("train", "python"): 6, ("valid", "python"): 2, ("test", "python"): 2}
    assert summary.projects == {("train", "python"): 2, ("valid", "python"): 1, ("test", "python"): 1}


def test_rows_have_what_a_training_needs(tmp_path: Path) -> None:
    build(tmp_path, small_corpus(tmp_path))
    for row in lines(tmp_path / "train.jsonl.gz"):
        assert set(row) == {
            *("project", "version", "language", "path", "name", "line", "tokens", "test", "licence", "code")
        }
        assert row["code"] == function(str(row["name"]), *([n for n in range(99) if f"> {n}:" in str(row["code"])]))


def test_groups_of_releases_and_of_names(tmp_path: Path) -> None:
    build(tmp_path, small_corpus(tmp_path))
    train = lines(tmp_path / "train.jsonl.gz")
    groups = lines(tmp_path / "groups.jsonl.gz")
    (pair,) = [group for group in groups if group["kind"] == "release"]
    older, newer = (train[row] for row in pair["rows"])  # type: ignore[attr-defined]
    assert (older["project"], older["name"], older["version"]) == ("a", "changed_here", "1.0")
    assert (newer["project"], newer["name"], newer["version"]) == ("a", "changed_here", "2.0")
    assert 0.5 <= pair["similarity"] < 1  # type: ignore[operator]
    (names,) = [group for group in groups if group["kind"] == "name"]
    assert names["split"] == "train"
    members = [train[row] for row in names["rows"]]  # type: ignore[attr-defined]
    assert [(one["project"], one["version"], one["name"]) for one in members] == [
        ("a", "2.0", "changed_here"),
        ("b", "1.0", "changed_here"),
    ]


def test_the_result_depends_on_the_input_only(tmp_path: Path) -> None:
    releases = small_corpus(tmp_path)
    names = [f"{split}.jsonl.gz" for split in (*SPLITS, "groups")]
    build(tmp_path, releases)
    first = [(tmp_path / name).read_bytes() for name in names]
    for path in (tmp_path / "projects").iterdir():
        path.unlink()
    build(tmp_path, releases)
    assert [(tmp_path / name).read_bytes() for name in names] == first


def test_a_project_that_was_extracted_is_not_extracted_again(tmp_path: Path) -> None:
    releases = small_corpus(tmp_path)
    shards = write_shards(releases, tmp_path, Rules())
    times = {path: path.stat().st_mtime_ns for path in shards.values()}
    assert write_shards(releases, tmp_path, Rules()) == shards
    assert {path: path.stat().st_mtime_ns for path in shards.values()} == times
    other = write_shards(releases, tmp_path, Rules(min_tokens=30))
    assert not set(other.values()) & set(shards.values())


def test_a_language_has_a_limit_and_files_stay_whole(tmp_path: Path) -> None:
    files = {f"m{n}.py": "\n\n".join(function(f"f{n}x{k}", n, k + 100) for k in range(4)) for n in range(50)}
    build(tmp_path, [downloaded(tmp_path, release("p"), files)], per_language=100)
    rows = lines(tmp_path / "train.jsonl.gz")
    assert 50 <= len(rows) <= 150
    assert all(sum(other["path"] == row["path"] for other in rows) == 4 for row in rows)


def test_a_release_that_was_not_fetched_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 1 releases are not in .*: npm p 1.0") as caught:
        write_shards([release("p")], tmp_path, Rules())
    assert "fetch" in caught.value.hint


def named(*functions: tuple[str, str], tokens: int = 50) -> list[Named]:
    return [Named(row, "java", project, name, tokens) for row, (project, name) in enumerate(functions)]


def test_names_of_two_words_in_two_projects_are_a_group() -> None:
    functions = named(("a", "parseDate"), ("b", "parse_date"), ("c", "ParseDATE"), ("a", "parse"), ("b", "parse"))
    assert list(same_names(functions, NameRules(most_projects=1.0))) == [[0, 1, 2]]


def test_names_in_one_project_or_in_many_or_often_in_each_are_no_group() -> None:
    in_one = named(("a", "readAll"), ("a", "readAll"))
    assert list(same_names(in_one, NameRules())) == []
    in_all = named(*[(f"p{number}", "toString") for number in range(20)])
    assert list(same_names(in_all, NameRules())) == []
    often = named(
        *[(project, "visitNode") for project in "ab" for _ in range(5)], *[(f"p{n}", "other") for n in range(9)]
    )
    assert list(same_names(often, NameRules())) == []
    assert list(same_names(often, NameRules(most_repeated=5))) == [list(range(10))]
    assert list(same_names(named(("a", "getName"), ("b", "getName"), tokens=29), NameRules())) == []


def test_names_of_different_languages_are_no_group_but_c_and_cpp_are() -> None:
    def both(one: str, two: str) -> list[Named]:
        return [Named(0, one, "a", "copy_text", 50), Named(1, two, "b", "copyText", 50)]

    assert list(same_names(both("java", "python"), NameRules())) == []
    assert list(same_names(both("c", "cpp"), NameRules())) == [[0, 1]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("parseURL", "parse url"),
        ("HTTPServer", "http server"),
        ("_read_all2", "read all 2"),
        ("x", "x"),
        ("operator+", "operator"),
    ],
)
def test_words_of_a_name(name: str, expected: str) -> None:
    assert " ".join(name_words(name)) == expected


@pytest.mark.parametrize("name", ["a::B::f", "A.B.f", "A#f", "f", "A\\B\\f"])
def test_simple_name(name: str) -> None:
    assert simple_name(name) == "f"
