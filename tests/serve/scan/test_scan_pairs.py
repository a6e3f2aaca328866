import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.serve.scan import similar_pairs as module
from avatar.serve.scan.findings import Location
from avatar.serve.scan.groups import clone_groups
from avatar.serve.scan.similar_pairs import Pairs, find_pairs, no_pairs


def vectors(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Points in clusters of about eight."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, count // 8), 16))
    return (centres[rng.integers(0, len(centres), count)] + rng.normal(0, 0.1, (count, 16))).astype(np.float32)


def compare(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Not a distance: the difference, weighted by a part of the product."""
    weights = np.where(first * second > 0, 1.0, 1.5)
    return np.exp(-((weights * (first - second)) ** 2).sum(1))


def brute(points: NDArray[np.float32], threshold: float) -> dict[tuple[int, int], float]:
    first, second = np.triu_indices(len(points), 1)
    result = compare(points[first], points[second])
    return {(int(a), int(b)): float(p) for a, b, p in zip(first, second, result, strict=True) if p >= threshold}


def as_dict(pairs: Pairs) -> dict[tuple[int, int], float]:
    rows = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert len(set(rows)) == len(rows), "a pair came twice"
    return dict(zip(rows, pairs.probability.tolist(), strict=True))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 60])
def test_all_pairs_are_compared_where_that_is_quick(count: int) -> None:
    points = vectors(count)
    pairs, comparisons = find_pairs(points, np.arange(count), compare, 0.3)
    assert as_dict(pairs) == pytest.approx(brute(points, 0.3))
    assert comparisons == count * (count - 1) // 2


def test_only_pairs_with_a_chosen_row_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 7)
    points = vectors(50)
    chosen = {3, 17, 40}
    pairs, comparisons = find_pairs(points, np.array(sorted(chosen)), compare, 0.1)
    assert as_dict(pairs) == pytest.approx({row: p for row, p in brute(points, 0.1).items() if chosen & set(row)})
    assert comparisons == 3 * 49 - 3


def test_neighbours_find_nearly_all_with_few_comparisons() -> None:
    points = vectors(1_500)
    pairs, comparisons = find_pairs(points, np.arange(len(points)), compare, 0.5, exact_comparisons=0)
    expected = brute(points, 0.5)
    result = as_dict(pairs)
    assert result == pytest.approx({row: expected[row] for row in result})
    assert len(result) >= 0.99 * len(expected)
    assert comparisons < 1_500 * 1_499 / 2 / 10


def test_a_large_cluster_widens_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEIGHBOURS", (8, 32, 128))
    points = np.concatenate([np.zeros((100, 16), np.float32), vectors(400)])
    points[:100] += np.random.default_rng(2).normal(0, 0.01, (100, 16)).astype(np.float32)
    pairs, _ = find_pairs(points, np.arange(500), compare, 0.5, exact_comparisons=0)
    assert set(as_dict(pairs)) == set(brute(points, 0.5))


@pytest.mark.parametrize("exact", [0, 10**9])
def test_a_threshold_that_nearly_all_reach_is_refused(exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 100)
    with pytest.raises(DataError, match="raise --threshold"):
        find_pairs(vectors(100), np.arange(100), compare, 0.0, exact_comparisons=exact)


def test_equal_vectors_are_clones_of_each_other() -> None:
    points = np.ones((200, 16), np.float32)
    pairs, _ = find_pairs(points, np.arange(200), compare, 0.9, exact_comparisons=0)
    assert len(as_dict(pairs)) == 200 * 199 // 2


def location(key: str, file: str = "a.py", line: int = 1) -> Location:
    return Location(file, f"f{line}", line, line + 4, "python", key, 5, 30)


def pairs_of(*rows: tuple[int, int, float]) -> Pairs:
    if not rows:
        return no_pairs()
    first, second, probability = zip(*rows, strict=True)
    return Pairs(np.array(first), np.array(second), np.array(probability, np.float32))


def test_groups_hold_exact_and_near_clones_by_size_and_similarity() -> None:
    locations = [
        location("a"),
        location("b", line=9),
        location("a", "b.py"),
        location("c", line=20),
        location("d", line=30),
        location("d", line=40),
    ]
    groups = clone_groups(["a", "b", "c", "d"], locations, pairs_of((0, 1, 0.9)))
    assert [[one.key for one in group.functions] for group in groups] == [["a", "b", "a"], ["d", "d"]]
    assert [group.exact for group in groups] == [False, True]
    assert groups[0].probability == pytest.approx(0.95)
    assert groups[1].highest == 1.0
    assert groups[0].rank > groups[1].rank


def test_a_chain_of_mistakes_is_no_group() -> None:
    locations = [location(str(row), line=10 * row) for row in range(6)]
    keys = [one.key for one in locations]
    tight = [(0, 1, 0.99), (1, 2, 0.98), (0, 2, 0.97), (3, 4, 0.99), (4, 5, 0.98), (3, 5, 0.97)]
    groups = clone_groups(keys, locations, pairs_of(*tight, (2, 3, 0.96)))
    assert [sorted(one.key for one in group.functions) for group in groups] == [["0", "1", "2"], ["3", "4", "5"]]
    several = [(first, second, 0.95) for first in (0, 1, 2) for second in (3, 4)]
    (group,) = clone_groups(keys, locations, pairs_of(*tight, *several))
    assert len(group.functions) == 6


def test_with_changes_only_their_groups_are_found_and_they_come_first() -> None:
    locations = [
        location("a", line=50),
        location("b", line=10),
        location("c", line=20),
        location("c", line=30),
        location("e", line=40),
    ]
    pairs = pairs_of((0, 1, 0.9), (1, 3, 0.99), (0, 3, 0.95))
    (group,) = clone_groups(["a", "b", "c", "e"], locations, pairs, changed=[locations[0]])
    assert [one.key for one in group.functions] == ["a", "b", "e"]
    assert (group.changed, group.probability) == (1, pytest.approx(0.925))
    assert clone_groups(["a", "b", "c", "e"], locations, pairs, changed=[]) == []


def test_groups_part_the_functions_whatever_the_pairs() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        size = int(rng.integers(2, 25))
        first, second = np.triu_indices(size, 1)
        kept = rng.random(len(first)) < 0.3
        pairs = Pairs(first[kept], second[kept], rng.random(int(kept.sum())).astype(np.float32))
        locations = [location(str(row), line=10 * row) for row in range(size)]
        groups = clone_groups([one.key for one in locations], locations, pairs)
        members = [one.key for group in groups for one in group.functions]
        assert len(members) == len(set(members))
        joined = {frozenset((str(a), str(b))) for a, b in zip(pairs.first, pairs.second, strict=True)}
        for group in groups:
            keys = [one.key for one in group.functions]
            edges = sum(frozenset((a, b)) in joined for i, a in enumerate(keys) for b in keys[:i])
            assert edges >= len(keys) - 1
            assert edges >= 0.5 * len(keys) * (len(keys) - 1) / 2
