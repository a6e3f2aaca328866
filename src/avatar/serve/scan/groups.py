"""From pairs to groups."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.similar_pairs import Pairs

SHARE = 0.5
"""Two groups are joined where at least this share of the pairs between them are clones."""


def clone_groups(
    keys: Sequence[str], places: Sequence[Location], pairs: Pairs, changed: Collection[Location] | None = None
) -> list[Finding]:
    """Groups of functions that are clones of each other, the highest rank first.

    `pairs` are rows of `keys`; functions with equal keys are exact duplicates, with probability 1. With
    `changed`, only what holds these functions is a finding, and only pairs with one of them count.
    """
    at: dict[str, list[Location]] = defaultdict(list)
    for place in places:
        at[place.key].append(place)
    chosen = None if changed is None else {place.key for place in changed}
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
    found = []
    for number, rows in groups.items():
        functions = [place for row in rows for place in at[keys[row]]]
        if len(functions) < 2 or not any(counts[row] for row in rows):
            continue
        held = strengths[number] + [1.0] * sum(len(at[keys[row]]) - 1 for row in rows)
        found.append(_finding(functions, held, len(rows) == 1, changed))
    return sorted(found, key=lambda one: (-one.rank, one.functions[0].file, one.functions[0].first_line))


def _agglomerate(
    size: int, edges: Sequence[tuple[int, int, float]], counts: Sequence[bool]
) -> tuple[list[int], dict[int, list[int]]]:
    """Group number of each row, and rows of each group.

    Connected components would string hundreds of functions together by a few mistakes. So groups grow from the
    most similar pair on, and two become one only where `SHARE` of the pairs between them are edges. Pairs of
    two rows that don't count were not looked at, and are not asked for.
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
        looked_at = sizes[0] * sizes[1] - (sizes[0] - counting[large]) * (sizes[1] - counting[small])
        if between[large][small] < SHARE * looked_at:
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
    functions: Sequence[Location], held: Sequence[float], exact: bool, changed: Collection[Location] | None
) -> Finding:
    first = set() if changed is None else set(functions) & set(changed)
    ordered = sorted(functions, key=lambda place: (place not in first, place.file, place.first_line))
    return Finding(tuple(ordered), float(np.mean(held)), max(held), exact, len(first))
