import numpy as np

from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.lookalikes import without_lookalikes

STRUCTURES = {
    "a": np.array([1.0, 0.0], np.float32),
    "b": np.array([2.0, 0.0], np.float32),  # the same direction: only names differ
    "c": np.array([0.8, 0.6], np.float32),
    "d": np.array([0.8, 0.6], np.float32),
}


def one(key: str, file: str = "") -> Location:
    return Location(f"{file or key}.py", key, 1, 9, "python", key, 9, 90)


def group(*keys: str, changed: int = 0) -> Finding:
    return Finding(tuple(one(key) for key in keys), 0.8, 0.9, changed=changed)


def keys(findings: list[Finding]) -> list[list[str]]:
    return [[function.key for function in finding.functions] for finding in findings]


def test_only_the_parts_that_are_the_same_but_for_names_remain() -> None:
    kept, left_out = without_lookalikes([group("a", "c", "b", "d")], lambda _: True, STRUCTURES)
    assert keys(kept) == [["a", "b"], ["c", "d"]]
    assert left_out == 0
    kept, left_out = without_lookalikes([group("a", "c")], lambda _: True, STRUCTURES)
    assert (kept, left_out) == ([], 1)


def test_a_group_with_another_function_stays() -> None:
    finding = group("a", "c")
    assert without_lookalikes([finding], lambda location: location.key == "a", STRUCTURES) == ([finding], 0)


def test_exact_copies_stay() -> None:
    exact = Finding((one("a"), one("a", "other")), 1.0, 1.0, exact=True)
    assert without_lookalikes([exact], lambda _: True, None) == ([exact], 0)


def test_without_structures_only_exact_copies_are_the_same() -> None:
    finding = Finding((one("a"), one("b"), one("a", "other")), 0.8, 0.9)
    ((kept,), left_out) = without_lookalikes([finding], lambda _: True, None)
    assert [function.file for function in kept.functions] == ["a.py", "other.py"]
    assert kept.exact
    assert left_out == 0


def test_a_part_without_a_changed_function_is_no_finding() -> None:
    kept, left_out = without_lookalikes([group("a", "c", "b", "d", changed=1)], lambda _: True, STRUCTURES)
    assert keys(kept) == [["a", "b"]]
    assert kept[0].changed == 1
    assert left_out == 0
