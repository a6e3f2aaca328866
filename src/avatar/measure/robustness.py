"""How often a prediction changes when only the text changes: MORPH's prediction flips, under our own rewrites."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import derive_seed

Example = tuple[str, ...]
"""The functions' texts of one example."""
Predict = Callable[[Sequence[Example]], NDArray[Any]]
"""Predicted labels (examples,) of examples."""
Rewrite = Callable[[str, Random], str]
"""Another text for one function that means the same, or the same text where it knows none."""


@dataclass(frozen=True, slots=True)
class FlipCount:
    """Of `examples`, the rewrite changed the text of `changed`; `flipped` of these got another prediction."""

    examples: int
    changed: int
    flipped: int

    @property
    def rate(self) -> float:
        """Flipped predictions among all examples, in [0, 1]."""
        return self.flipped / self.examples if self.examples else 0.0

    def sentence(self, what: str) -> str:
        """One line for the log and the report; `what` is done to the code, such as "renaming variables"."""
        share = 100 * self.flipped / self.changed if self.changed else 0.0
        return (
            f"{what} flips {100 * self.rate:.2f} % of {self.examples:,} predictions "
            f"({share:.2f} % of the {self.changed:,} whose text it changes)"
        )


def flip_rates(
    predict: Predict, examples: Sequence[Example], rewrites: Mapping[str, Rewrite], seed: int
) -> dict[str, FlipCount]:
    """By rewrite: how many predictions change when all functions of an example are rewritten.

    A function is rewritten in the same way wherever it stands: by a seed made of `seed`, the rewrite's name
    and its text. Predictions that are NaN are not equal to themselves: give labels.
    """
    before = np.asarray(predict(examples)) if examples else np.empty(0)
    found: dict[str, FlipCount] = {}
    for name, rewrite in rewrites.items():
        texts = {
            text: rewrite(text, Random(derive_seed(seed, "rewrite", name, ascii(text))))
            for text in dict.fromkeys(text for example in examples for text in example)
        }
        other = [tuple(texts[text] for text in example) for example in examples]
        rows = [row for row, (old, new) in enumerate(zip(examples, other, strict=True)) if old != new]
        after = np.asarray(predict([other[row] for row in rows])) if rows else np.empty(0)
        found[name] = FlipCount(len(examples), len(rows), int((after != before[rows]).sum()) if rows else 0)
    return found
