"""The interface of a gene: all facts about a gene that other code needs."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError, did_you_mean
from avatar.data.records import Task

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture
    from avatar.space.space import SearchSpace

Columns = Mapping[str, NDArray[Any]]
"""One array per gene; the arrays broadcast against each other."""

RowRepair = Callable[[NDArray[np.int64]], None]
"""Makes rows of indices (n, genes) legal, in place."""


class Cost(Enum):
    """How parameters and FLOPs depend on a gene's value."""

    NONE = "neither depends on it"
    GROWS = "both grow with it or stay equal, for all values of the other genes"
    LISTED = "the cheapest value is one of those that `cheapest` lists"
    ANY = "unknown: every value has to be tried"


class Gene:
    """One property of a student: its legal values, its cost, and when it makes a difference.

    A new gene overrides the methods whose defaults are wrong for it. The number of parameters may depend on
    `vocab_size` only through the token table.
    """

    name: ClassVar[str]
    cost: ClassVar[Cost] = Cost.ANY
    shrinks: ClassVar[bool] = False
    """Whether a repair may lower it to reduce parameters or FLOPs."""
    needs_layers: ClassVar[bool] = False
    """Whether it makes no difference to a student without layers."""
    ties: ClassVar[tuple[str, ...]] = ()
    """The genes that `legal` reads, including this one; empty if every combination is legal."""
    rule: ClassVar[str] = ""
    """The condition of `legal` in words, for error messages."""
    per_function: ClassVar[bool] = True
    """Whether `flops` counts one function; else one example."""

    def problem(self, value: Any) -> str | None:
        """What is wrong with `value`, or None if it is legal."""
        raise NotImplementedError

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of values that include the cheapest one, for all values of the other genes."""
        return np.arange(len(values) if self.cost is Cost.ANY else 1)

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """A subset of `values` that is enough to decide whether any of them is legal."""
        return values

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Which architectures satisfy `rule`, in broadcast shape; called only if `ties` is not empty."""
        raise NotImplementedError

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """A function that changes rows of `space` so that they satisfy `rule`; None if there is no rule.

        By default it sets the gene to its first value that satisfies the rule, or raises a ConfigError if none does.
        """
        return self._first_legal(space) if self.ties else None

    def _first_legal(self, space: "SearchSpace") -> RowRepair:
        def repair(rows: NDArray[np.int64]) -> None:
            broken = ~np.broadcast_to(self.legal(space.columns(rows)), len(rows))
            for index in range(len(space.values(self.name)) if self.name in space.names else 0):
                if not broken.any():
                    return
                rows[broken, space.names.index(self.name)] = index
                broken = ~np.broadcast_to(self.legal(space.columns(rows)), len(rows))
            if broken.any():
                wrong = space.architecture(rows[int(broken.argmax())])
                raise ConfigError(
                    f"no value of {self.name} is allowed for {wrong}: {self.rule}",
                    f"add values to {self.name} in the search space",
                )

        return repair

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """Set `indices` (n,), in place, to one fixed value where this gene makes no difference to the student."""
        if self.needs_layers:
            indices[np.broadcast_to(columns["layers"] == 0, len(indices))] = 0

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """Trainable parameters outside the layers that belong to this gene, or None."""
        return None

    def layer_params(self, columns: Columns) -> NDArray[Any] | None:
        """The same in one layer."""
        return None

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """FLOPs outside the layers that belong to this gene, for `tokens` tokens, or None. See `per_function`."""
        return None

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The same in one layer, of one function."""
        return None

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Terms of the sum that gives the forward time, (n,) each, in units of about 0.1 ms; numbers are float64."""
        return []

    def encoded(self, columns: Columns) -> NDArray[Any]:
        """For a gene that is a number: the numbers, (n,) or (), that a surrogate gets for it."""
        return columns[self.name]

    def encoded_values(self, values_of: Callable[[str], NDArray[Any]]) -> NDArray[Any]:
        """All numbers that `encoded` can give; `values_of` gives the values of a gene by name."""
        return values_of(self.name)

    def phrase(self, arch: "Architecture") -> str:
        """Its part of an architecture's name, or ""."""
        return ""


class Number(Gene):
    """A gene whose value is a number between `smallest` and `largest`."""

    smallest: ClassVar[float]
    largest: ClassVar[float] = np.inf
    largest_is: ClassVar[str] = "the largest allowed value"
    whole: ClassVar[bool] = True

    def problem(self, value: Any) -> str | None:
        """A wrong type, or a value out of range."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return f"{value!r} is not a number of the type {'int' if self.whole else 'float'}"
        if value < self.smallest:
            return f"{value!r} is below the smallest allowed value {self.smallest:g}"
        if value > self.largest:
            return f"{value!r} is above {self.largest:g}, {self.largest_is}"
        return None


class Name(Gene):
    """A gene whose value is one of `choices`."""

    choices: ClassVar[Sequence[str]]

    def problem(self, value: Any) -> str | None:
        """An unknown name."""
        if value in self.choices:
            return None
        return f"{value!r} is not a {self.name} ({did_you_mean(str(value), self.choices)})"


def fixed(column: NDArray[Any], value: object) -> bool:
    """Whether a gene is not searched and has `value`; then its terms can be skipped."""
    return column.ndim == 0 and bool(column == value)


def token_width(columns: Columns) -> NDArray[Any]:
    """Width of the token table: `embedding_size`, or `hidden_size` where that is 0."""
    embedding, hidden = columns["embedding_size"], columns["hidden_size"]
    return hidden if fixed(embedding, 0) else np.where(embedding == 0, hidden, embedding)


def table_width(columns: Columns, task: Task) -> NDArray[Any]:
    """Parameters of one row of the token table, with the weight of the gene wide."""
    width, wide = token_width(columns), columns["wide"]
    return width if task is not Task.FUNCTION or fixed(wide, 0) else width + wide


def vector_size(columns: Columns) -> NDArray[Any]:
    """Width of a function's pooled vector."""
    window, hidden = columns["window"], columns["hidden_size"]
    return hidden if fixed(window, 1) else np.where(window > 1, 2 * hidden, hidden)
