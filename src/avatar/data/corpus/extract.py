"""The functions of one project: a sample of its newest release, and the older forms of those that changed."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avatar.code.functions import SourceFunction, functions_of
from avatar.common.errors import DataError
from avatar.common.seeding import derive_seed
from avatar.data.corpus.code_tokens import code_tokens, digest, similarity
from avatar.data.corpus.package_list import Release
from avatar.data.corpus.source_texts import SourceText, source_texts
from avatar.serve.scan.overloads import overloads

REVISION = 1
"""Raised when other functions are extracted from the same archives."""


@dataclass(frozen=True)
class Rules:
    """Which functions are kept.

    Sizes are in lines that are not blank, and in tokens without comments. At most `per_project` functions of a language
    are drawn from a project, whole files at random; at most `test_share` of them are from tests. Two releases of a
    function are a pair if their `similarity` is at least `least_similar` and they are not equal.
    """

    min_lines: int = 3
    min_tokens: int = 20
    max_tokens: int = 1500
    per_project: int = 1000
    test_share: float = 0.15
    least_similar: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Extracted:
    """A function of the corpus.

    `name` is qualified; `overload` distinguishes functions of one name in a file. `newer` is the row, among the
    functions of its project, of the same function in the newest release, and -1 for a function of the newest release.
    `similarity` is between these two.
    """

    project: str
    version: str
    language: str
    path: str
    name: str
    line: int
    code: str
    licence: str
    is_test: bool
    tokens: int
    digest: str
    overload: str = ""
    newer: int = -1
    similarity: float = 1.0


def extract(releases: Sequence[Release], archives: Mapping[Release, Path], rules: Rules) -> list[Extracted]:
    """The functions of a project's `releases` (the newest is the last), in the order in which they were drawn."""
    *older, newest = releases
    drawn: list[Extracted] = []
    drawn_files: dict[str, list[int]] = {}
    seen: set[str] = set()
    counts: Counter[object] = Counter()
    for text in _drawn_order(source_texts(newest, archives[newest]), rules, newest.project):
        limit = rules.per_project * (rules.test_share if text.is_test else 1)
        if counts[text.language, text.is_test] >= limit or counts[text.language] >= rules.per_project:
            continue
        for function in _functions(text, newest, rules):
            if function.digest not in seen:
                seen.add(function.digest)
                drawn_files.setdefault(text.path, []).append(len(drawn))
                drawn.append(function)
                counts.update((text.language, (text.language, text.is_test)))
    results = list(drawn)
    for release in older:
        results += _changed(release, archives[release], drawn, drawn_files, seen, rules)
    return results


def _drawn_order(texts: Sequence[SourceText], rules: Rules, project: str) -> list[SourceText]:
    """The files in random order, tests last."""
    order = list(texts)
    random.Random(derive_seed(rules.seed, "corpus", project)).shuffle(order)
    return sorted(order, key=lambda text: text.is_test)


def _functions(text: SourceText, release: Release, rules: Rules) -> Iterator[Extracted]:
    try:
        found = functions_of(text.text, text.language).functions
    except DataError:
        return  # bytes that are not UTF-8 became longer than the limit
    for function, overload in zip(found, overloads(found), strict=True):
        tokens = code_tokens(function.text, text.language)
        if _is_kept(function, tokens, rules):
            yield Extracted(
                project=release.project,
                version=release.version,
                language=text.language,
                path=text.path,
                name=function.name,
                line=function.first_line,
                code=function.text,
                licence=release.licence,
                is_test=text.is_test,
                tokens=len(tokens),
                digest=digest(tokens, text.language),
                overload=overload,
            )


def _is_kept(function: SourceFunction, tokens: Sequence[str], rules: Rules) -> bool:
    lines = sum(1 for line in function.text.split("\n") if line.strip())
    return lines >= rules.min_lines and rules.min_tokens <= len(tokens) <= rules.max_tokens


def _changed(
    release: Release,
    archive: Path,
    drawn: Sequence[Extracted],
    drawn_files: Mapping[str, Sequence[int]],
    seen: set[str],
    rules: Rules,
) -> Iterator[Extracted]:
    """The functions of an older release that are in the newest one too, and changed."""
    texts = {text.path: text for text in source_texts(release, archive)}
    for newer_path, older_path in same_files(drawn_files, texts):
        rows = {(drawn[row].name, drawn[row].overload): row for row in drawn_files[newer_path]}
        for function in _functions(texts[older_path], release, rules):
            row = rows.get((function.name, function.overload))
            if row is None or function.digest in seen or drawn[row].language != function.language:
                continue
            seen.add(function.digest)
            near = similarity(*(code_tokens(one.code, one.language) for one in (function, drawn[row])))
            if rules.least_similar <= near:
                yield replace(function, newer=row, similarity=round(near, 3))


def same_files(newer: Mapping[str, object], older: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Pairs of paths of one file in two releases: equal paths, or else a unique name or the same last two folders."""
    by_name: dict[str, list[str]] = {}
    for path in older:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    names = Counter(path.rpartition("/")[2] for path in newer)
    for path in newer:
        if path in older:
            yield path, path
            continue
        name = path.rpartition("/")[2]
        candidates = by_name.get(name, [])
        if len(candidates) == 1 and names[name] == 1:
            yield path, candidates[0]
            continue
        end = path.split("/")[-3:]
        near = [one for one in candidates if len(end) == 3 and one.split("/")[-3:] == end]
        if len(near) == 1:
            yield path, near[0]
