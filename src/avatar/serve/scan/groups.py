"""Groups of clones from pairs of clones."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.similar_pairs import Pairs

SHARE = 0.5
"""Two groups are joined if at least this share of the pairs between them are clones."""


def clone_groups(
    keys: Sequence[str], locations: Sequence[Location], pairs: Pairs, changed: Collection[Location] | None = None
) -> list[Finding]:
    """Groups of functions that are clones of each other, the highest rank first.

    `pairs` holds indices into `keys`; functions with equal keys are exact duplicates, with probability 1. With
    `changed`, only groups with one of these functions are findings, and only pairs with one of them count.
    """
    locations_of: dict[str, list[Location]] = defaultdict(list)
    for location in locations:
        locations_of[location.key].append(location)
    chosen = None if changed is None else {location.key for location in changed}
    counts = [chosen is None or key in chosen for key in keys]
    order = np.argsort(-pairs.probability, kind="stable")
    edges = [
        (first, second, float(pairs.probability[number]))
        for number, first, second in zip(
            order.tolist(), pairs.first[order].tolist(), pairs.second[order].tolist(), strict=True
        )
        if counts[first] or counts[second]
    ]
    group_of, groups = _agglomerate(len(keys), edges, counts)
    strengths: dict[int, list[float]] = defaultdict(list)
    for first, second, probability in edges:
        if group_of[first] == group_of[second]:
            strengths[group_of[first]].append(probability)
    findings = []
    for number, rows in groups.items():
        functions = [location for row in rows for location in locations_of[keys[row]]]
        if len(functions) < 2 or not any(counts[row] for row in rows):
            continue
        probabilities = strengths[number] + [1.0] * sum(len(locations_of[keys[row]]) - 1 for row in rows)
        findings.append(_finding(functions, probabilities, len(rows) == 1, changed))
    return sorted(findings, key=lambda one: (-one.rank, one.functions[0].file, one.functions[0].first_line))


def _agglomerate(
    size: int, edges: Sequence[tuple[int, int, float]], counts: Sequence[bool]
) -> tuple[list[int], dict[int, list[int]]]:
    """Group number of each row, and rows of each group.

    Connected components would join hundreds of functions because of a few wrong pairs. So groups grow from the
    most similar pair on, and two groups are joined only if `SHARE` of the pairs between them are edges. Pairs of
    two rows that do not count were not compared, and are left out of this share.
    """
    group_of = list(range(size))
    groups = {row: [row] for row in range(size)}
    counting = [int(one) for one in counts]
    between: list[dict[int, int]] = [{} for _ in range(size)]
    for first, second, _ in edges:
        between[first][second] = between[second][first] = 1
    for first, second, _ in edges:
        large, small = group_of[first], group_of[second]
        if large == small:
            continue
        sizes = len(groups[large]), len(groups[small])
        compared = sizes[0] * sizes[1] - (sizes[0] - counting[large]) * (sizes[1] - counting[small])
        if between[large][small] < SHARE * compared:
            continue
        if len(between[large]) + sizes[0] < len(between[small]) + sizes[1]:
            large, small = small, large
        for row in groups[small]:
            group_of[row] = large
        groups[large] += groups.pop(small)
        counting[large] += counting[small]
        for other, number in between[small].items():
            del between[other][small]
            if other != large:
                between[large][other] = between[other][large] = between[large].get(other, 0) + number
        between[small].clear()
    return group_of, groups


def _finding(
    functions: Sequence[Location], probabilities: Sequence[float], exact: bool, changed: Collection[Location] | None
) -> Finding:
    first = set() if changed is None else set(functions) & set(changed)
    ordered = sorted(functions, key=lambda location: (location not in first, location.file, location.first_line))
    return Finding(tuple(ordered), float(np.mean(probabilities)), max(probabilities), exact, len(first))
