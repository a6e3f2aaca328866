"""Genes of the input: the kind of tokens, the size of the vocabulary, the number of tokens read, and their weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.data.tokenizers import TOKENIZERS
from avatar.space.genes.base import Columns, Cost, Name, Number, RowRepair, table_width
from avatar.space.genes.pooling import POOLINGS

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture
    from avatar.space.space import SearchSpace

LONGEST = 2048
"""The largest `max_length` of any student."""


UNORDERED = tuple(name for name in TOKENIZERS if not TOKENIZERS.get(name).in_order)
"""The tokenizers whose tokens have no order: a function is a set of features."""


class TokenizerKind(Name):
    """Name of a registered tokenizer."""

    name = "tokenizer"
    choices = tuple(TOKENIZERS)
    cost = Cost.LISTED
    ties = ("tokenizer", "layers", "window", "position")
    rule = f"the tokenizers {' and '.join(UNORDERED)} need layers 0, window 1 and position none"

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """All: the cost is the same, but some combinations are legal for some kinds only."""
        return np.arange(len(values))

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Tokens without an order are pooled, each for itself."""
        pooled = (columns["layers"] == 0) & (columns["window"] == 1) & (columns["position"] == "none")
        return np.asarray(pooled | ~unordered(columns))

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """Set the first kind with an order; if the space has none, remove layers, windows and positions."""
        kinds = space.values(self.name).tolist()
        if not set(kinds) & set(UNORDERED):
            return None
        others = [index for index, kind in enumerate(kinds) if kind not in UNORDERED]
        needed = {"layers": 0, "window": 1, "position": "none"}

        def repair(rows: NDArray[np.int64]) -> None:
            columns = space.columns(rows)
            lonely = np.isin(columns["pooling"], [name for name, kind in POOLINGS.items() if kind.needs_layers])
            broken = np.broadcast_to(~self.legal(columns) | (unordered(columns) & lonely), len(rows))
            if others:
                rows[broken, space.names.index(self.name)] = others[0]
                return
            for name in set(needed) & set(space.names):
                rows[broken, space.names.index(name)] = space.values(name).tolist().index(needed[name])

        return repair


class Wide(Number):
    """1: a function's logits also have the sum of a learned weight of each of its tokens (wide and deep, Cheng et al.
    2016). With n-gram features, this is what logistic regression on TF-IDF computes. 0: they do not.
    """

    name = "wide"
    smallest = 0
    largest = 1
    cost = Cost.LISTED
    shrinks = True
    ties = ("wide", "tokenizer")
    rule = f"wide=1 needs one of the tokenizers {', '.join(UNORDERED)}"

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """The weights belong to features of functions, not to places in them."""
        return np.asarray((columns["wide"] == 0) | unordered(columns))

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """Set 0; if the space has only 1, set the first tokenizer without an order."""
        values = space.values(self.name).tolist()
        if 1 not in values:
            return None
        kinds = [index for index, kind in enumerate(space.values("tokenizer").tolist()) if kind in UNORDERED]

        def repair(rows: NDArray[np.int64]) -> None:
            broken = np.broadcast_to(~self.legal(space.columns(rows)), len(rows))
            if 0 in values:
                rows[broken, space.names.index(self.name)] = values.index(0)
            elif kinds and "tokenizer" in space.names:
                rows[broken, space.names.index("tokenizer")] = kinds[0]

        return repair

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """Only single functions can have it."""
        if task is not None and task is not Task.FUNCTION:
            indices[:] = 0

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Looking up the weights."""
        return [columns["wide"] * tokens / 1e4]

    def phrase(self, arch: "Architecture") -> str:
        """That there is one."""
        return "with a weight of each feature" if arch.wide else ""


def unordered(columns: Columns) -> NDArray[np.bool_]:
    """Which architectures read tokens that have no order."""
    return np.asarray(np.isin(columns["tokenizer"], UNORDERED))


class VocabSize(Number):
    """Rows of the token table."""

    name = "vocab_size"
    smallest = 8
    cost = Cost.GROWS
    shrinks = True

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """The token table, with the weights of the gene wide."""
        return columns["vocab_size"] * table_width(columns, task)

    def phrase(self, arch: "Architecture") -> str:
        """Vocabulary size and kind of tokens."""
        return f"vocabulary of {arch.vocab_size} tokens ({arch.tokenizer})"


class MaxLength(Number):
    """Number of tokens read of a function. Their cost is counted by the genes that use them."""

    name = "max_length"
    smallest = 2
    largest = LONGEST
    largest_is = "the largest number of tokens that are stored per function"
    cost = Cost.GROWS
    shrinks = True
