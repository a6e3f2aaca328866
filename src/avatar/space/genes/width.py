"""Genes of the width: of the states, of the token table, and of the windows of tokens."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Cost, Number, RowRepair, fixed, token_width
from avatar.space.genes.layers import head_divides

if TYPE_CHECKING:
    from avatar.space.space import SearchSpace


class HiddenSize(Number):
    """Width of the hidden states. The norm after the token table is counted here."""

    name = "hidden_size"
    smallest = 1
    shrinks = True

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """Scale and shift of the norm after the token table."""
        return 2 * columns["hidden_size"]

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Token lookup, and the norm."""
        return [tokens * columns["hidden_size"] / 1e5]

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """Set the closest width that some number of heads divides and that is not below all of embedding_size."""
        if self.name not in space.names:
            return None
        hidden, embedding = space.values("hidden_size"), space.values("embedding_size")
        usable = np.flatnonzero(head_divides(space).any(axis=1) & (embedding.min() <= hidden))
        nearest = usable[np.abs(hidden[usable] - hidden[:, None]).argmin(axis=1)]
        column = space.names.index(self.name)

        def repair(rows: NDArray[np.int64]) -> None:
            rows[:, column] = nearest[rows[:, column]]

        return repair


class EmbeddingSize(Number):
    """Width of the token table; 0 means `hidden_size`, without a projection."""

    name = "embedding_size"
    smallest = 0
    cost = Cost.LISTED
    shrinks = True
    ties = ("embedding_size", "hidden_size")
    rule = "embedding_size may not exceed hidden_size"

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The smallest value, and the one after 0."""
        return np.arange(min(len(values), 2 if values[0] == 0 else 1))

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """0 and the smallest other value."""
        return np.unique(np.asarray([values.min(), values[values > 0].min(initial=10**9)]))

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """embedding_size is at most hidden_size."""
        if fixed(columns["embedding_size"], 0):
            return np.asarray(True)
        return np.asarray(columns["embedding_size"] <= columns["hidden_size"])

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """Set the largest width that fits."""
        if self.name not in space.names:
            return None
        column, values = space.names.index(self.name), space.values(self.name)

        def repair(rows: NDArray[np.int64]) -> None:
            hidden = np.broadcast_to(space.columns(rows)["hidden_size"], len(rows))
            largest = np.searchsorted(values, hidden, side="right") - 1
            rows[:, column] = np.minimum(rows[:, column], largest)

        return repair

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """A table as wide as the states is the same as 0."""
        if 0 in values:
            indices[columns["embedding_size"] == columns["hidden_size"]] = values.tolist().index(0)

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """The projection to hidden_size."""
        if fixed(columns["embedding_size"], 0):
            return None
        token, hidden = token_width(columns), columns["hidden_size"]
        return np.where(token != hidden, token * hidden, 0)

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The projection, including the padding of windows."""
        if fixed(columns["embedding_size"], 0):
            return None
        token, hidden = token_width(columns), columns["hidden_size"]
        return np.where(token != hidden, 2 * (tokens + columns["window"] - 1) * token * hidden, 0)

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """The projection."""
        return [tokens * columns["embedding_size"] * columns["hidden_size"] / 1e6]

    def encoded(self, columns: Columns) -> NDArray[Any]:
        """The width of the table."""
        return token_width(columns)

    def encoded_values(self, values_of: Callable[[str], NDArray[Any]]) -> NDArray[Any]:
        """Its own values and, for 0, all values of hidden_size."""
        values = values_of(self.name)
        return np.concatenate([values[values > 0], values_of("hidden_size")])


class Window(Number):
    """Number of neighbouring tokens whose windows are additional features; 1 means no windows."""

    name = "window"
    smallest = 1
    cost = Cost.LISTED
    shrinks = True
    ties = ("window", "layers", "position")
    rule = "a window needs layers 0 and position none"

    def problem(self, value: Any) -> str | None:
        """As for any number, and odd."""
        if problem := super().problem(value):
            return problem
        return f"{value!r} must be odd: a window has a token in its middle" if value % 2 == 0 else None

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Windows need a student without layers and positions."""
        if fixed(columns["window"], 1):
            return np.asarray(True)
        bag = (columns["layers"] == 0) & (columns["position"] == "none")
        return np.asarray((columns["window"] == 1) | bag)

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """With layers or positions, set no windows; if the space has windows only, remove layers and positions."""
        if self.name not in space.names:
            return None
        column, windows = space.names.index(self.name), space.values(self.name).tolist()

        def repair(rows: NDArray[np.int64]) -> None:
            columns = space.columns(rows)
            contextual = np.broadcast_to((columns["layers"] > 0) | (columns["position"] != "none"), len(rows))
            if 1 in windows:
                rows[contextual, column] = windows.index(1)
                return
            for name, value in (("layers", 0), ("position", "none")):
                if name in space.names:
                    rows[contextual, space.names.index(name)] = space.values(name).tolist().index(value)

        return repair

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """The convolution and its bias."""
        if fixed(columns["window"], 1):
            return None
        hidden, window = columns["hidden_size"], columns["window"]
        return np.where(window > 1, window * hidden * hidden + hidden, 0)

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The convolution."""
        if fixed(columns["window"], 1):
            return None
        hidden, window = columns["hidden_size"], columns["window"]
        return np.where(window > 1, 2 * tokens * window * hidden * hidden, 0)

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Building the windows, and the convolution."""
        hidden, window = columns["hidden_size"], columns["window"]
        return [(window > 1) * tokens * window * hidden / 1e5, (window > 1) * tokens * window * hidden**2 / 1e6]
