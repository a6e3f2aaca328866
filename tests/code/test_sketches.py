import numpy as np
import pytest

from avatar.code.lexer import Lexer
from avatar.code.ngrams import features_by_kind
from avatar.code.sketches import BITS_OF_A_NUMBER, SketchRules, overlaps, sketches

BITS = 240
CODE = (
    "def total(orders):\n    result = 0\n    for order in orders:\n        result += order.price\n    return result\n"
)
RENAMED = CODE.replace("result", "value").replace("orders", "items").replace("order", "item")


def estimates(jaccard: float, size: int, repeats: int = 200) -> np.ndarray:
    """Estimated overlaps of random sets of `size` members with this Jaccard index."""
    rng = np.random.default_rng(0)
    common = round(2 * size * jaccard / (1 + jaccard))
    results = []
    for _ in range(repeats):
        members = rng.integers(0, 1 << 64, 2 * size - common, dtype=np.uint64)
        both = np.concatenate([members[:size], members[size - common :]])
        made = sketches(both, np.repeat([0, 1], [size, len(both) - size]), 2, BITS)
        results.append(overlaps(made[:1], made[1:])[0])
    return np.array(results)


@pytest.mark.parametrize("size", [40, 200, 1000])
@pytest.mark.parametrize("jaccard", [0.0, 0.3, 0.7, 0.9])
def test_the_overlap_is_estimated_without_bias_and_with_the_stated_error(jaccard: float, size: int) -> None:
    results = estimates(jaccard, size)
    exact = (common := round(2 * size * jaccard / (1 + jaccard))) / (2 * size - common)
    error = np.sqrt((1 - exact**2) / BITS)
    assert abs(results.mean() - exact) < 4 * error / np.sqrt(len(results)) + 0.01
    assert results.std() < 2.5 * error, "small sets have empty bins, which cost a part of the precision, not more"


def test_a_sketch_depends_on_the_set_alone_and_is_exact_as_float32() -> None:
    members = np.random.default_rng(1).integers(0, 1 << 64, 90, dtype=np.uint64)
    twice = np.concatenate([members[::-1], members])
    (one,), (other,) = (sketches(part, np.zeros(len(part), np.int32), 1, BITS) for part in (members, twice))
    assert one.tolist() == other.tolist()
    assert one.shape == (BITS // BITS_OF_A_NUMBER,)
    assert one.max() < 1 << 24
    assert (one == one.astype(np.uint32)).all()


def test_an_empty_set_has_the_sketch_0_and_no_sets_give_no_sketches() -> None:
    members, owners = np.array([5], np.uint64), np.array([1], np.int32)
    assert not sketches(members, owners, 2, BITS)[0].any()
    assert sketches(members[:0], owners[:0], 0, BITS).shape == (0, BITS // BITS_OF_A_NUMBER)


def test_sketches_of_functions_with_other_names_differ_in_the_kind_with_names_only() -> None:
    rules = SketchRules(("t3", "r4"), BITS)
    made = rules(features_by_kind(Lexer()([CODE, RENAMED, "x = 1"], ["python"] * 3), rules.kinds), 3)
    assert made.shape == (3, rules.numbers)
    named, renamed = rules.overlaps(made[:1], made[1:2])[0]
    assert renamed == 1.0
    assert named < 0.6
    assert (rules.overlaps(made[:1], made[:1]) == 1.0).all()
    assert (np.abs(rules.overlaps(made[:1], made[2:])) < 0.3).all()


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (SketchRules((), BITS), "kinds"),
        (SketchRules(("t3", "t3"), BITS), "kinds"),
        (SketchRules(("q9",), BITS), "q9"),
        (SketchRules(("t3",), 0), "0 bits"),
        (SketchRules(("t3",), 100), "100 bits"),
        (SketchRules(("t3",), 2424), "2424 bits"),
    ],
)
def test_wrong_rules_are_named(rules: SketchRules, named: str) -> None:
    (sentence,) = rules.problems()
    assert named in sentence
    assert not SketchRules(("t3", "r4"), BITS).problems()
