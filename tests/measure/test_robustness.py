"""Flips are counted where the text changed; a function is rewritten in the same way everywhere."""

from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from avatar.measure.robustness import FlipCount, flip_rates


def by_length(examples: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    return np.array([sum(map(len, example)) % 2 for example in examples])


def test_flips_are_counted_by_hand() -> None:
    rewrites = {
        "longer": lambda text, random: text + "!" if text.startswith("a") else text,
        "same": lambda text, random: text,
    }
    counts = flip_rates(by_length, [("a", "b"), ("a", "ab"), ("b", "c"), ("b", "a")], rewrites, seed=1)
    assert counts == {"longer": FlipCount(4, 3, 2), "same": FlipCount(4, 0, 0)}
    assert counts["longer"].rate == 0.5
    assert (
        counts["longer"].sentence("x")
        == "x changes 50.00 % of 4 predictions (66.67 % of the 3 examples whose text it changes)"
    )


def test_a_function_is_rewritten_alike_everywhere_and_by_seed() -> None:
    seen: list[tuple[str, ...]] = []

    def predict(examples: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
        seen.extend(examples)
        return np.zeros(len(examples), dtype=np.int64)

    def noise(text: str, random: Random) -> str:
        return f"{text}{random.random()}"

    for seed in (1, 1, 2):
        flip_rates(predict, [("f", "g"), ("g", "f")], {"noise": noise}, seed)
    first, again, other = seen[2:4], seen[6:8], seen[10:12]
    assert first[0] == first[1][::-1]
    assert first == again != other
    assert first[0][0][1:] != first[0][1][1:]


def test_no_examples_flip_nothing() -> None:
    assert flip_rates(by_length, [], {"same": lambda text, random: text}, 1)["same"].rate == 0
