"""Copies of whole folders, files and classes: one finding each, not one for every function in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np

from avatar.code.languages import LANGUAGES
from avatar.common.hashing import stable_hash
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.findings import Finding, Location

LEAST_SHARED = 3
"""Groups that two files (or classes) must have in common to be copies of each other."""
SHARE = 0.5
"""Share of the functions of the smaller one that must be in such groups."""
MOST_PARTS = 20
"""A group with functions of more files says nothing about two of them."""

_SAME = frozenset({CloneKind.EXACT, CloneKind.RENAMED})

Part = str | tuple[str, str]
"""A folder (its path ends in "/") or a file, or a file and the qualified name of a class in it."""


def with_copied_parts(findings: Sequence[Finding], locations: Sequence[Location]) -> list[Finding]:
    """`findings`, where the groups within copied folders are one finding, then those within copied files and classes.

    `locations` are all functions that were compared. Only groups that are the same (exact, or but for names) make two
    files copies; then groups that differ a little belong to the finding too.
    """
    folders = sorted(_alike_folders(findings), key=len, reverse=True)
    merged = _merged(findings, locations, lambda one: _folder(one, folders)) if folders else list(findings)
    merged = _merged(merged, locations, lambda one: one.file)
    merged = _merged(merged, locations, lambda one: (one.file, scope) if (scope := _scope(one)) else None)
    return sorted(merged, key=lambda one: (-one.rank, one.functions[0].file, one.functions[0].first_line))


def _folder(location: Location, folders: Sequence[str]) -> str | None:
    return next((folder for folder in folders if location.file.startswith(folder)), None)


def _alike_folders(findings: Sequence[Finding]) -> set[str]:
    """Folders that have files in common with another one: at least two files with the same path below both."""
    files: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in findings:
        names = {one.file for one in finding.functions}
        if not _is_same(finding) or len(names) > MOST_PARTS:
            continue
        for first, second in combinations(sorted(names), 2):
            length = _common_end(first, second)
            if length and first[:-length] and second[:-length]:
                files[first[:-length], second[:-length]].add(first[-length:])
    return {folder for pair, common in files.items() if len(common) > 1 for folder in pair}


def _common_end(first: str, second: str) -> int:
    """Length of the longest end that two paths share, in whole names."""
    length = 0
    for one, other in zip(reversed(first.split("/")), reversed(second.split("/")), strict=False):
        if one != other:
            break
        length += len(one) + 1
    return max(0, length - 1) if length - 1 < min(len(first), len(second)) else 0


def _is_same(finding: Finding) -> bool:
    return finding.exact or finding.kind in _SAME


def _scope(location: Location) -> str:
    """The qualified name of the function's class; empty if it has none."""
    separator = LANGUAGES.get(location.language).separator
    return location.name.rpartition(separator)[0]


def _merged(
    findings: Sequence[Finding], locations: Sequence[Location], part_of: Callable[[Location], Part | None]
) -> list[Finding]:
    sizes = Counter(part for one in locations if (part := part_of(one)) is not None)
    shared: Counter[tuple[Part, Part]] = Counter()
    parts_of: list[frozenset[Part]] = []
    for finding in findings:
        parts = [] if finding.copies else [part_of(one) for one in finding.functions]
        known = frozenset(part for part in parts if part is not None)
        parts_of.append(known if len(known) > 1 and None not in parts else frozenset())
        if _is_same(finding) and len(known) <= MOST_PARTS:
            shared.update(combinations(sorted(known, key=str), 2))
    cluster_of = _clusters(
        pair
        for pair, count in shared.items()
        if count >= LEAST_SHARED and count >= SHARE * min(sizes[pair[0]], sizes[pair[1]])
    )
    inside: dict[Part, list[Finding]] = defaultdict(list)
    kept = []
    for finding, inner in zip(findings, parts_of, strict=True):
        clusters = {cluster_of.get(part) for part in inner}
        cluster = clusters.pop() if len(clusters) == 1 else None
        if cluster is None or finding.kind == CloneKind.SEMANTIC:
            kept.append(finding)
        else:
            inside[cluster].append(finding)
    for group in inside.values():
        kept += [_joined(group, part_of)] if len(group) >= LEAST_SHARED else group
    return kept


def _clusters(pairs: Iterable[tuple[Part, Part]]) -> dict[Part, Part]:
    """The representative of each part that is in a pair; connected parts have the same."""
    parent: dict[Part, Part] = {}

    def root(part: Part) -> Part:
        while parent.setdefault(part, part) != part:
            part = parent[part]
        return part

    for first, second in pairs:
        parent[root(first)] = root(second)
    return {part: root(part) for part in list(parent)}


def _joined(findings: Sequence[Finding], part_of: Callable[[Location], Part | None]) -> Finding:
    """One finding with a location for each file or class: from its first function to its last one."""
    members: dict[Part, list[Location]] = defaultdict(list)
    for finding in findings:
        for function in finding.functions:
            part = part_of(function)
            assert part is not None
            members[part].append(function)
    return Finding(
        tuple(_whole(part, functions) for part, functions in sorted(members.items(), key=lambda one: str(one[0]))),
        float(np.mean([one.probability for one in findings])),
        max(one.highest for one in findings),
        all(one.exact for one in findings),
        kind=CloneKind.COPIED,
        copies=len(findings),
    )


def _whole(part: Part, functions: Sequence[Location]) -> Location:
    first = min(functions, key=lambda one: one.first_line)
    name = _scope(first)
    if isinstance(part, str):
        name = part if part.endswith("/") else part.rpartition("/")[2]
    return Location(
        first.file,
        name,
        first.first_line,
        max(one.last_line for one in functions),
        first.language,
        stable_hash(sorted(one.key for one in functions), 32),
        sum(one.code_lines for one in functions),
        sum(one.words for one in functions),
    )
