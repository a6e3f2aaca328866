"""The gene position: how a student gets the positions of tokens."""

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Name

POSITIONS = ("absolute", "relative_key", "relative_key_query", "none")
RELATIVE = {"relative_key": 1, "relative_key_query": 2}
"""Kinds that add terms to the attention scores, and the number of terms."""


class Position(Name):
    """A table of positions (absolute), of distances (relative, Huang et al. 2020), or nothing."""

    name = "position"
    choices = POSITIONS

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """Without layers, the relative kinds are the same as none."""
        known = values.tolist()
        idle = [value for value in ("none", *RELATIVE) if value in known]
        if idle:
            flat = np.broadcast_to(columns["layers"] == 0, len(indices))
            indices[flat & np.isin(columns["position"], tuple(RELATIVE))] = known.index(idle[0])

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """The table of positions."""
        return np.where(columns["position"] == "absolute", columns["max_length"] * columns["hidden_size"], 0)

    def layer_params(self, columns: Columns) -> NDArray[Any]:
        """The table of distances."""
        table = (2 * columns["max_length"] - 1) * (columns["hidden_size"] // columns["heads"])
        return np.where(_terms(columns) > 0, table, 0)

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any]:
        """Each term is one more matrix product as large as that of the scores."""
        return 2 * _terms(columns) * (tokens * tokens * columns["hidden_size"])

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """The terms, and building the table of distances."""
        hidden, heads, square = columns["hidden_size"], columns["heads"], tokens**2
        terms = _terms(columns).astype(float)
        relative = columns["layers"] * (terms > 0)
        return [
            relative,
            relative * terms * square * hidden / 1e6,
            relative * terms * square * heads / 1e6,
            relative * square * (hidden / heads) / 1e6,
        ]


def _terms(columns: Columns) -> NDArray[np.int8]:
    """The number of terms in the attention scores besides the product of queries and keys."""
    kinds = [np.asarray(columns["position"] == name).astype(np.int8) * number for name, number in RELATIVE.items()]
    return reduce(np.add, kinds)
