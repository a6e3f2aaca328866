"""How much code the functions of a group have in common.

Forwarding functions, tables, framework methods and code of one shape with other logic look alike, but repeat little.
What two copies repeat is counted in runs: `LENGTH` words or signs in a row, without names of variables, inside the
bodies. A run that comes twice counts once, so a long table counts little.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby

import numpy as np

from avatar.code.languages import family
from avatar.code.lexer import Lexer
from avatar.code.ngrams import Digests, ngram_features
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.findings import Finding, Location

LENGTH = 5
"""Words or signs in a run."""
FUNCTIONS = 1_000
"""Functions that are read together, to save memory."""

Sources = Callable[[str], str]
"""Returns the text of a file by the name that is in `Location.file`."""


def runs_of(functions: Sequence[Location], sources: Sources) -> dict[str, Digests]:
    """The different runs of each function's body, by key: sorted digests."""
    different = sorted({one.key: one for one in functions}.values(), key=lambda one: one.file)
    lexer = Lexer()
    results: dict[str, Digests] = {}
    for start in range(0, len(different), FUNCTIONS):
        part = different[start : start + FUNCTIONS]
        digests, rows = ngram_features(
            lexer, list(_bodies(part, sources)), [one.language for one in part], (f"r{LENGTH}",)
        )
        ends = np.searchsorted(rows, np.arange(1, len(part)))
        results |= {one.key: np.unique(runs) for one, runs in zip(part, np.split(digests, ends), strict=True)}
    return results


def _bodies(functions: Sequence[Location], sources: Sources) -> Iterator[str]:
    """The lines of each body: neither parameters nor docstring say what a function does."""
    for file, members in groupby(functions, key=lambda one: one.file):
        lines = sources(file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for one in members:
            yield "\n".join(lines[max(one.body_line, one.first_line) - 1 : one.last_line])


def shared_runs(functions: Sequence[Location], runs: Mapping[str, Digests]) -> int:
    """How many different runs all functions have in common; of exact copies, how many each has."""
    every = [runs[key] for key in dict.fromkeys(one.key for one in functions)]
    return len(reduce(lambda first, second: np.intersect1d(first, second, assume_unique=True), every))


def is_counted(finding: Finding) -> bool:
    """Whether the functions of a finding must have runs in common.

    Copied files need not, and clones of other statements (semantic ones, and those in other languages) cannot.
    """
    languages = {family(one.language) for one in finding.functions}
    return not finding.copies and finding.kind != CloneKind.SEMANTIC and len(languages) == 1


def with_shared_code(
    findings: Sequence[Finding], least: Callable[[bool], int], sources: Sources
) -> tuple[list[Finding], int]:
    """The findings whose functions share at least `least(exact)` runs.

    Of the others, those members remain that have the same runs, if they are enough. Also how many groups had none.
    """
    counted = [one for one in findings if is_counted(one) and least(one.exact)]
    if not counted:
        return list(findings), 0
    runs = runs_of([function for one in counted for function in one.functions], sources)
    kept: list[Finding] = []
    left_out = 0
    for finding in findings:
        parts = [finding]
        if is_counted(finding) and shared_runs(finding.functions, runs) < least(finding.exact):
            same = _same_parts(finding, runs)
            parts = [one for one in same if shared_runs(one.functions, runs) >= least(one.exact)]
        kept += parts
        left_out += not parts
    return sorted(kept, key=lambda one: (-one.rank, one.functions[0].file, one.functions[0].first_line)), left_out


def _same_parts(finding: Finding, runs: Mapping[str, Digests]) -> list[Finding]:
    """The groups of members that have the same runs; of changed functions, those with one of them."""
    members: dict[bytes, list[int]] = {}
    for number, function in enumerate(finding.functions):
        members.setdefault(runs[function.key].tobytes(), []).append(number)
    parts = []
    for numbers in members.values():
        functions = tuple(finding.functions[number] for number in numbers)
        changed = sum(number < finding.changed for number in numbers)
        if len(functions) > 1 and (changed or not finding.changed):
            exact = len({one.key for one in functions}) == 1
            kind = (CloneKind.EXACT if exact else CloneKind.RENAMED) if finding.kind else ""
            parts.append(replace(finding, functions=functions, exact=exact, changed=changed, kind=kind))
    return parts
