"""What a gene says about itself. Whoever needs to know something about a gene asks it here."""

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

Mender = Callable[[NDArray[np.int64]], None]
"""Makes rows of indices (n, genes) legal, in place."""


class Cost(Enum):
    """What is known about how a gene's value changes parameters and FLOPs."""

    NONE = "neither depends on it"
    GROWS = "both only grow with it, whatever the other genes are"
    LISTED = "the cheapest value is among those that `cheapest` lists"
    ANY = "nothing: every value has to be tried"


class Gene:
    """One property of a student: its legal values, what it costs, and when it makes a difference.

    A new gene overrides what does not fit it. Its size may depend on `vocab_size` only through the token table.
    """

    name: ClassVar[str]
    cost: ClassVar[Cost] = Cost.ANY
    shrinks: ClassVar[bool] = False
    """Whether a repair may lower it to save parameters or FLOPs."""
    needs_layers: ClassVar[bool] = False
    """Whether it makes no difference to a student without layers."""
    ties: ClassVar[tuple[str, ...]] = ()
    """The genes that `legal` reads, this one included; empty where every combination is legal."""
    rule: ClassVar[str] = ""
    """What `legal` asks for, in words for an error message."""
    per_function: ClassVar[bool] = True
    """Whether `flops` are those of one function, not of one example."""

    def problem(self, value: Any) -> str | None:
        """What is wrong with one value, or None where it is legal."""
        raise NotImplementedError

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of values among which is the cheapest, whatever the other genes are."""
        return np.arange(len(values) if self.cost is Cost.ANY else 1)

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values that are enough to tell whether any of `values` is legal."""
        return values

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Which architectures keep this gene's rule, in broadcast shape; asked only where `ties` names genes."""
        raise NotImplementedError

    def mender(self, space: "SearchSpace") -> Mender | None:
        """What makes rows of `space` keep this gene's rule; None where the gene has none.

        This one sets the gene to its first value that keeps the rule; where none does, it raises a ConfigError.
        """
        return self._first_legal(space) if self.ties else None

    def _first_legal(self, space: "SearchSpace") -> Mender:
        def mend(rows: NDArray[np.int64]) -> None:
            broken = ~np.broadcast_to(self.legal(space.columns(rows)), len(rows))
            for index in range(len(space.values(self.name)) if self.name in space.names else 0):
                if not broken.any():
                    return
                rows[broken, space.names.index(self.name)] = index
                broken = ~np.broadcast_to(self.legal(space.columns(rows)), len(rows))
            if broken.any():
                wrong = space.architecture(rows[int(broken.argmax())])
                raise ConfigError(f"no value of {self.name} is legal for {wrong}: {self.rule}", "widen its range")

        return mend

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """Give `indices` (n,), in place, one fixed value where this gene makes no difference to the student."""
        if self.needs_layers:
            indices[np.broadcast_to(columns["layers"] == 0, len(indices))] = 0

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """Trainable parameters outside the layers that are there because of this gene, or None."""
        return None

    def layer_params(self, columns: Columns) -> NDArray[Any] | None:
        """The same in one layer."""
        return None

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """FLOPs of `tokens` tokens outside the layers because of this gene, or None. See `per_function`."""
        return None

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The same in one layer, of one function."""
        return None

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Terms, (n,) each, that the forward time is a sum of, in units of about 0.1 ms; numbers are float64."""
        return []

    def encoded(self, columns: Columns) -> NDArray[Any]:
        """The numbers, (n,) or (), that a surrogate sees in place of a gene that is a number."""
        return columns[self.name]

    def encoded_values(self, values_of: Callable[[str], NDArray[Any]]) -> NDArray[Any]:
        """All numbers that `encoded` can give, from every gene's values by its name."""
        return values_of(self.name)

    def phrase(self, arch: "Architecture") -> str:
        """Its part in an architecture's name; empty where it says nothing."""
        return ""


class Number(Gene):
    """A gene that is a number between `smallest` and `largest`."""

    smallest: ClassVar[float]
    largest: ClassVar[float] = np.inf
    largest_is: ClassVar[str] = "the largest legal value"
    whole: ClassVar[bool] = True

    def problem(self, value: Any) -> str | None:
        """A wrong type, or a value out of range."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return f"{value!r} is not a number of the type {'int' if self.whole else 'float'}"
        if value < self.smallest:
            return f"{value!r} is below the smallest legal value {self.smallest:g}"
        if value > self.largest:
            return f"{value!r} is above {self.largest:g}, {self.largest_is}"
        return None


class Name(Gene):
    """A gene that is one of the names `choices`."""

    choices: ClassVar[Sequence[str]]

    def problem(self, value: Any) -> str | None:
        """An unknown name."""
        if value in self.choices:
            return None
        return f"{value!r} is not a {self.name} ({did_you_mean(str(value), self.choices)})"


def fixed(column: NDArray[Any], value: object) -> bool:
    """Whether a gene is not searched and has `value`: what it would add need not be computed."""
    return column.ndim == 0 and bool(column == value)


def token_width(columns: Columns) -> NDArray[Any]:
    """Width of the token table: `embedding_size`, or `hidden_size` where that is 0."""
    embedding, hidden = columns["embedding_size"], columns["hidden_size"]
    return hidden if fixed(embedding, 0) else np.where(embedding == 0, hidden, embedding)


def vector_size(columns: Columns) -> NDArray[Any]:
    """Width of a function's vector."""
    window, hidden = columns["window"], columns["hidden_size"]
    return hidden if fixed(window, 1) else np.where(window > 1, 2 * hidden, hidden)
