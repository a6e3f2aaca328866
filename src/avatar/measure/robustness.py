"""Prediction flips (MORPH): how often a prediction changes when a rewrite changes only the text of the code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import derive_seed

Example = tuple[str, ...]
"""The texts of the functions of one example."""
Predict = Callable[[Sequence[Example]], NDArray[Any]]
"""Predicted labels (examples,) of examples."""
Rewrite = Callable[[str, Random], str]
"""From the text of a function to another text with the same meaning, or the same text if there is none."""


@dataclass(frozen=True, slots=True)
class FlipCount:
    """The number of examples, of those whose text the rewrite changed, and of those with another prediction."""

    examples: int
    changed: int
    flipped: int

    def __add__(self, other: "FlipCount") -> "FlipCount":
        """The counts of both together."""
        return FlipCount(self.examples + other.examples, self.changed + other.changed, self.flipped + other.flipped)

    @property
    def rate(self) -> float:
        """Flipped predictions among all examples, in [0, 1]."""
        return self.flipped / self.examples if self.examples else 0.0

    def sentence(self, what: str) -> str:
        """One line for the log and the report; `what` names the rewrite, such as "renaming variables"."""
        share = 100 * self.flipped / self.changed if self.changed else 0.0
        return (
            f"{what} changes {100 * self.rate:.2f} % of {self.examples:,} predictions "
            f"({share:.2f} % of the {self.changed:,} examples whose text it changes)"
        )


def flip_rates(
    predict: Predict, examples: Sequence[Example], rewrites: Mapping[str, Rewrite], seed: int
) -> dict[str, FlipCount]:
    """By rewrite: how many predictions change when all functions of an example are rewritten.

    A function is rewritten in the same way in all examples: its random numbers depend on `seed`, the rewrite's name and
    its text. `predict` must give labels, because NaN is not equal to itself.
    """
    before = np.asarray(predict(examples)) if examples else np.empty(0)
    counts: dict[str, FlipCount] = {}
    for name, rewrite in rewrites.items():
        texts = {
            text: rewrite(text, Random(derive_seed(seed, "rewrite", name, ascii(text))))
            for text in dict.fromkeys(text for example in examples for text in example)
        }
        other = [tuple(texts[text] for text in example) for example in examples]
        rows = [row for row, (old, new) in enumerate(zip(examples, other, strict=True)) if old != new]
        after = np.asarray(predict([other[row] for row in rows])) if rows else np.empty(0)
        counts[name] = FlipCount(len(examples), len(rows), int((after != before[rows]).sum()) if rows else 0)
    return counts
