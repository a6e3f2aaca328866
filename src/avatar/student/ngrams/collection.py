"""All functions of a training: programs that solve the same problems, and functions of many projects."""

import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avatar.code.text import function_text
from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.student.ngrams.near_clones import RULES, NearClones

LEAST_TOKENS, LEAST_LINES, MOST_CHARACTERS = 20, 5, 6_000
FUNCTIONS_OF_A_FILE = 8
"""Most functions taken from one file: the others of a file are what a function is easily confused with."""


@dataclass
class Collection:
    """Functions, and which of them are clones. All lists hold indices into `codes`.

    `codes` and `languages` (functions,) also contain the copies. `files` has the functions of one file each, and
    `copies` the near clones of a function by kind. `problems` are programs that solve one problem, `releases` two
    versions of one function, `names` functions with one name in different projects; there that name is masked.
    """

    codes: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    problems: list[list[int]] = field(default_factory=list)
    files: list[list[int]] = field(default_factory=list)
    copies: dict[int, dict[str, int]] = field(default_factory=dict)
    releases: list[list[int]] = field(default_factory=list)
    names: list[list[int]] = field(default_factory=list)

    def add(self, code: str, language: str) -> int:
        """Add a function; returns its index."""
        self.codes.append(code)
        self.languages.append(language)
        return len(self.codes) - 1


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, compressed or not; a wrong line is a DataError."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}, line {number}: not JSON: {error}", "make the file again") from error


def add_problems(collection: Collection, path: Path, licences: Sequence[str]) -> None:
    """Add the programs of `path` that have one of `licences`; only problems with two programs or more count."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row in read_rows(path):
        if row["licence"] in licences:
            groups[row["problem"]].append(collection.add(row["code"], row["language"]))
    collection.problems += [group for group in groups.values() if len(group) > 1]


def add_projects(collection: Collection, folder: Path, split: str, per_language: int, seed: int = 1) -> None:
    """Add functions of a split of the corpus in `folder`, whole files first, with copies of each, and its groups.

    No project gives more than a twelfth of the functions of a language.
    """
    rows = list(read_rows(folder / f"{split}.jsonl.gz"))
    rng = random.Random(seed)
    large = [number for number, row in enumerate(rows) if is_large(row)]
    by_language: dict[str, list[int]] = defaultdict(list)
    for number in large:
        by_language[rows[number]["language"]].append(number)
    index: dict[int, int] = {}

    def added(number: int) -> int:
        if number not in index:
            row = rows[number]
            index[number] = collection.add(function_text(row["code"], RULES, row["language"]), row["language"])
        return index[number]

    for language, numbers in sorted(by_language.items()):
        files = _files(rows, numbers, per_language, rng)
        chosen = [number for file in files for number in file]
        near = NearClones(language, [rows[number]["code"] for number in chosen])
        for file in progress(files, f"copies of functions in {language}"):
            members = [added(number) for number in file]
            collection.files.append(members)
            for number, member in zip(file, members, strict=True):
                copies = near(collection.codes[member], number)
                collection.copies[member] = {kind: collection.add(code, language) for kind, code in copies.items()}
    accepted = set(large)
    for group in read_rows(folder / "groups.jsonl.gz"):
        if group["split"] != split or not accepted.issuperset(group["rows"]):
            continue
        if group["kind"] == "release":
            collection.releases.append([added(number) for number in group["rows"]])
        else:
            masked = [(_without_name(rows[number]), rows[number]["language"]) for number in group["rows"]]
            collection.names.append([collection.add(*one) for one in masked])


def is_large(row: dict[str, Any]) -> bool:
    """Whether a function of the corpus is large enough to be a clone, and not too large to be copied."""
    code = row["code"]
    return row["tokens"] >= LEAST_TOKENS and code.count("\n") >= LEAST_LINES - 1 and len(code) < MOST_CHARACTERS


def _files(rows: Sequence[dict[str, Any]], numbers: Sequence[int], wanted: int, rng: random.Random) -> list[list[int]]:
    """Files, in random order, until there are `wanted` functions; of a file in two releases, only one is taken."""
    by_file: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number in numbers:
        row = rows[number]
        by_file[row["project"], row["version"], row["path"]].append(number)
    names = list(by_file)
    rng.shuffle(names)
    of_project: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    files: list[list[int]] = []
    for project, version, path in names:
        if (project, path) in seen or of_project[project] >= max(40, wanted // 12):
            continue
        seen.add((project, path))
        files.append(by_file[project, version, path][:FUNCTIONS_OF_A_FILE])
        of_project[project] += len(files[-1])
        if sum(of_project.values()) >= wanted:
            break
    return files


def _without_name(row: dict[str, Any]) -> str:
    name = re.split(r"[.:#]+", row["name"])[-1]
    return re.sub(rf"\b{re.escape(name)}\b", "f0", function_text(row["code"], RULES, row["language"]))
