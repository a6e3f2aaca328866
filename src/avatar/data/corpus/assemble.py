"""The corpus: one file of functions for each split, and one file of groups, from the files of the projects."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from avatar.data.corpus.extract import Extracted
from avatar.data.corpus.package_list import SPLITS, Release
from avatar.data.corpus.same_names import Named, NameRules, same_names
from avatar.data.corpus.shards import read_shard, write_lines

PER_LANGUAGE = 40_000
"""Most functions of a language in a split."""


@dataclass
class Summary:
    """Numbers for the reader: functions and projects by (split, language), groups by (split, kind), and what was left
    out: copies in another split, copies in the same split, and functions over `PER_LANGUAGE`.
    """

    functions: Counter[tuple[str, str]] = field(default_factory=Counter)
    projects: Counter[tuple[str, str]] = field(default_factory=Counter)
    groups: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def assemble(
    releases: Sequence[Release], shards: Mapping[str, Path], folder: Path, per_language: int = PER_LANGUAGE
) -> Summary:
    """Write `{train,valid,test}.jsonl.gz` and `groups.jsonl.gz` into `folder`.

    A line of a split is a function. A line of `groups` has its `kind` ("release": one function in two releases of a
    project, with their `similarity`; "name": functions of one name in different projects), its `split`, and the `rows`
    of its functions in the file of the split, from 0. A function whose tokens are also in another split is left out of
    both; of equal functions in one split the first stays.
    """
    split_of = {release.project: release.split for release in releases}
    splits_of: dict[str, set[str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for project, path in shards.items():
        for function in read_shard(path):
            splits_of.setdefault(function.digest, set()).add(split_of[project])
            counts[split_of[project], function.language] += 1
    summary = Summary()
    groups: list[dict[str, object]] = []
    for split in SPLITS:
        shares = {language: per_language / number for (name, language), number in counts.items() if name == split}
        kept = _Kept(split, splits_of, shares, summary)
        own = [path for project, path in shards.items() if split_of[project] == split]
        write_lines(folder / f"{split}.jsonl.gz", (row for path in own for row in kept.rows(path)))
        groups += kept.groups()
    write_lines(folder / "groups.jsonl.gz", iter(groups))
    return summary


class _Kept:
    """The functions of one split that are written, and the groups of their rows."""

    def __init__(
        self, split: str, splits_of: Mapping[str, set[str]], shares: Mapping[str, float], summary: Summary
    ) -> None:
        self._split, self._splits_of, self._shares, self._summary = split, splits_of, shares, summary
        self._seen: set[str] = set()
        self._named: list[Named] = []
        self._releases: list[tuple[int, int, float]] = []

    def rows(self, path: Path) -> Iterator[dict[str, object]]:
        """The rows of one project's file."""
        functions = list(read_shard(path))
        row_of: dict[int, int] = {}
        languages = set()
        for number, function in enumerate(functions):
            if not self._keeps(function, functions[function.newer] if function.newer >= 0 else function):
                continue
            row = row_of[number] = len(self._seen)
            self._seen.add(function.digest)
            if function.newer in row_of:
                self._releases.append((row_of[function.newer], row, function.similarity))
            elif not function.is_test:
                name = simple_name(function.name)
                self._named.append(Named(row, function.language, function.project, name, function.tokens))
            languages.add(function.language)
            self._summary.functions[self._split, function.language] += 1
            yield {
                "project": function.project,
                "version": function.version,
                "language": function.language,
                "path": function.path,
                "name": function.name,
                "line": function.line,
                "tokens": function.tokens,
                "test": function.is_test,
                "licence": function.licence,
                "code": function.code,
            }
        self._summary.projects.update((self._split, language) for language in languages)

    def groups(self) -> Iterator[dict[str, object]]:
        """The groups of the rows that were written so far."""
        for newer, older, similarity in self._releases:
            self._summary.groups[self._split, "release"] += 1
            yield {"kind": "release", "split": self._split, "rows": [older, newer], "similarity": similarity}
        for rows in same_names(self._named, NameRules()):
            self._summary.groups[self._split, "name"] += 1
            yield {"kind": "name", "split": self._split, "rows": rows}

    def _keeps(self, function: Extracted, newest: Extracted) -> bool:
        if len(self._splits_of[function.digest]) > 1:
            reason = "also in another split"
        elif function.digest in self._seen:
            reason = "copies"
        elif _uniform(newest) >= self._shares[function.language]:
            reason = "over the limit of a language"
        else:
            return True
        self._summary.left_out[reason] += 1
        return False


def simple_name(name: str) -> str:
    """The last part of a qualified name."""
    return re.split(r"::|[.#\\]", name)[-1]


def _uniform(function: Extracted) -> float:
    """A number in [0, 1) for the function's file: functions of one file stay together."""
    content = f"{function.project} {function.path}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(content, digest_size=6).digest()) / 2**48
