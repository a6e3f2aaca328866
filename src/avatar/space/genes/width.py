"""How wide a student is: of its states, of its token table, and how many tokens are seen at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Cost, Mender, Number, fixed, token_width
from avatar.space.genes.layers import head_divides

if TYPE_CHECKING:
    from avatar.space.space import SearchSpace


class HiddenSize(Number):
    """Width of the states, of whose norm are the parameters that are counted here."""

    name = "hidden_size"
    smallest = 1
    shrinks = True

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """Scale and shift of the norm behind the token table."""
        return 2 * columns["hidden_size"]

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Looking tokens up, and their norm."""
        return [tokens * columns["hidden_size"] / 1e5]

    def mender(self, space: "SearchSpace") -> Mender | None:
        """To the nearest width that some number of heads divides and tokens fit into."""
        if self.name not in space.names:
            return None
        hidden, embedding = space.values("hidden_size"), space.values("embedding_size")
        usable = np.flatnonzero(head_divides(space).any(axis=1) & (embedding.min() <= hidden))
        nearest = usable[np.abs(hidden[usable] - hidden[:, None]).argmin(axis=1)]
        column = space.names.index(self.name)

        def mend(rows: NDArray[np.int64]) -> None:
            rows[:, column] = nearest[rows[:, column]]

        return mend


class EmbeddingSize(Number):
    """Width of the token table; 0 means `hidden_size`, without a projection."""

    name = "embedding_size"
    smallest = 0
    cost = Cost.LISTED
    shrinks = True
    ties = ("embedding_size", "hidden_size")
    rule = "embedding_size may not exceed hidden_size"

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The lowest, and the one above 0."""
        return np.arange(min(len(values), 2 if values[0] == 0 else 1))

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """0 and the narrowest."""
        return np.unique(np.asarray([values.min(), values[values > 0].min(initial=10**9)]))

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Tokens are no wider than the states."""
        if fixed(columns["embedding_size"], 0):
            return np.asarray(True)
        return np.asarray(columns["embedding_size"] <= columns["hidden_size"])

    def mender(self, space: "SearchSpace") -> Mender | None:
        """To the widest that fits."""
        if self.name not in space.names:
            return None
        column, values = space.names.index(self.name), space.values(self.name)

        def mend(rows: NDArray[np.int64]) -> None:
            hidden = np.broadcast_to(space.columns(rows)["hidden_size"], len(rows))
            largest = np.searchsorted(values, hidden, side="right") - 1
            rows[:, column] = np.minimum(rows[:, column], largest)

        return mend

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """A table as wide as the states is 0."""
        if 0 in values:
            indices[columns["embedding_size"] == columns["hidden_size"]] = values.tolist().index(0)

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """The projection to the states' width."""
        if fixed(columns["embedding_size"], 0):
            return None
        token, hidden = token_width(columns), columns["hidden_size"]
        return np.where(token != hidden, token * hidden, 0)

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The projection, of the padding beside windows too."""
        if fixed(columns["embedding_size"], 0):
            return None
        token, hidden = token_width(columns), columns["hidden_size"]
        return np.where(token != hidden, 2 * (tokens + columns["window"] - 1) * token * hidden, 0)

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """The projection."""
        return [tokens * columns["embedding_size"] * columns["hidden_size"] / 1e6]

    def encoded(self, columns: Columns) -> NDArray[Any]:
        """The table's width."""
        return token_width(columns)

    def encoded_values(self, values_of: Callable[[str], NDArray[Any]]) -> NDArray[Any]:
        """Its own values and, for 0, every width of the states."""
        values = values_of(self.name)
        return np.concatenate([values[values > 0], values_of("hidden_size")])


class Window(Number):
    """Tokens side by side that are features beside the single ones; 1 means none."""

    name = "window"
    smallest = 1
    cost = Cost.LISTED
    shrinks = True
    ties = ("window", "layers", "position")
    rule = "a window needs layers 0 and position none"

    def problem(self, value: Any) -> str | None:
        """As of any number; even ones too."""
        if found := super().problem(value):
            return found
        return f"{value!r} must be odd: a window has a token in its middle" if value % 2 == 0 else None

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """With layers or positions there are no windows."""
        if fixed(columns["window"], 1):
            return np.asarray(True)
        bag = (columns["layers"] == 0) & (columns["position"] == "none")
        return np.asarray((columns["window"] == 1) | bag)

    def mender(self, space: "SearchSpace") -> Mender | None:
        """No windows where there are layers or positions; in a space of windows alone, no layers and positions."""
        if self.name not in space.names:
            return None
        column, windows = space.names.index(self.name), space.values(self.name).tolist()

        def mend(rows: NDArray[np.int64]) -> None:
            columns = space.columns(rows)
            contextual = np.broadcast_to((columns["layers"] > 0) | (columns["position"] != "none"), len(rows))
            if 1 in windows:
                rows[contextual, column] = windows.index(1)
                return
            for name, value in (("layers", 0), ("position", "none")):
                if name in space.names:
                    rows[contextual, space.names.index(name)] = space.values(name).tolist().index(value)

        return mend

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
        """Laying tokens side by side, and the convolution."""
        hidden, window = columns["hidden_size"], columns["window"]
        return [(window > 1) * tokens * window * hidden / 1e5, (window > 1) * tokens * window * hidden**2 / 1e6]
