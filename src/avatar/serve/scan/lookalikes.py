"""Groups of functions that look alike because such code always does, not because it was copied.

Small functions, straight code (calls and assignments only) and standard methods (equality, hash, text) are often
similar. They count as clones only where they are the same but for names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar.serve.scan.clone_kinds import SAME_STRUCTURE
from avatar.serve.scan.findings import Finding, Location

Structures = Mapping[str, NDArray[np.float32]]
"""The block `structure` of the vector of each function that is not in an exact group, by key."""


def without_lookalikes(
    findings: Sequence[Finding], is_lookalike: Callable[[Location], bool], structures: Structures | None
) -> tuple[list[Finding], int]:
    """`findings`, where a group of lookalikes only is split into groups that are the same but for names.

    Also how many groups had no such part, and were left out. Without `structures` (the student has none), only exact
    copies are the same.
    """
    kept: list[Finding] = []
    left_out = 0
    for finding in findings:
        if finding.exact or len(finding.functions) < 2 or not all(map(is_lookalike, finding.functions)):
            kept.append(finding)
            continue
        parts = _same_parts(finding, structures)
        kept += parts
        left_out += not parts
    return kept, left_out


def same_structure(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    """Whether two blocks `structure` are of functions that are the same but for names."""
    length = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(first.astype(np.float64) @ second) >= SAME_STRUCTURE * max(length, 1e-12)


def _same_parts(finding: Finding, structures: Structures | None) -> list[Finding]:
    parts: list[list[int]] = []
    for number, function in enumerate(finding.functions):
        for part in parts:
            first = finding.functions[part[0]]
            if first.key == function.key or (
                structures is not None and same_structure(structures[first.key], structures[function.key])
            ):
                part.append(number)
                break
        else:
            parts.append([number])
    results = []
    for part in parts:
        functions = tuple(finding.functions[number] for number in part)
        changed = sum(number < finding.changed for number in part)
        if len(part) > 1 and (changed or not finding.changed):
            exact = len({one.key for one in functions}) == 1
            results.append(replace(finding, functions=functions, exact=exact, changed=changed))
    return results
