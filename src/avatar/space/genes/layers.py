"""The genes of the transformer layers: their number, and the parts of a layer."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.space.genes.base import Columns, Cost, Name, Number, RowRepair

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture
    from avatar.space.space import SearchSpace

ACTIVATIONS = ("gelu", "relu", "silu", "gelu_new")
"""The names in `student.encoder.ACTIVATIONS`."""


class Layers(Number):
    """Number of layers; with 0 the embeddings are pooled. Costs are those of attention and the norms."""

    name = "layers"
    smallest = 0
    cost = Cost.GROWS
    shrinks = True

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The two smallest: some values of other genes are illegal without layers."""
        return np.arange(min(len(values), 2))

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """0 and 1: only whether there are layers matters."""
        return np.unique(np.minimum(values, 1))

    def layer_params(self, columns: Columns) -> NDArray[Any]:
        """Four projections with biases, and two norms."""
        hidden = columns["hidden_size"]
        return 4 * (hidden + 2) * hidden

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any]:
        """The projections, scores and weighted sums of attention."""
        hidden = columns["hidden_size"]
        return 4 * (2 * hidden + tokens) * tokens * hidden

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """A constant per layer, and its projections."""
        layers = columns["layers"]
        return [layers, layers * tokens * columns["hidden_size"] ** 2 / 1e6]

    def phrase(self, arch: "Architecture") -> str:
        """The layers and their sizes, or the input of the pooling if there are none."""
        if arch.layers:
            return (
                f"{arch.layers} layer{'s' * (arch.layers > 1)} of width {arch.hidden_size} "
                f"({arch.heads} heads, feed-forward width {arch.intermediate_size})"
            )
        seen = f"windows of {arch.window} tokens" if arch.window > 1 else "single tokens"
        return f"no layers, width {arch.hidden_size}, {seen}"


class IntermediateSize(Number):
    """Width of a layer's feed-forward network."""

    name = "intermediate_size"
    smallest = 1
    cost = Cost.GROWS
    shrinks = True
    needs_layers = True

    def layer_params(self, columns: Columns) -> NDArray[Any]:
        """Both projections, with biases."""
        hidden, inner = columns["hidden_size"], columns["intermediate_size"]
        return (2 * hidden + 1) * inner + hidden

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any]:
        """Both products."""
        return 4 * tokens * columns["hidden_size"] * columns["intermediate_size"]

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """The products, with extra time if the width does not fill the processor's vector registers."""
        layers, hidden, inner = columns["layers"], columns["hidden_size"], columns["intermediate_size"]
        return [
            layers * tokens * hidden * inner / 1e6,
            layers * tokens * hidden * inner * (hidden % 16 > 0) / 1e6,
            layers * tokens * hidden * inner * (hidden % 2 > 0) / 1e6,
        ]


class Heads(Number):
    """Heads of attention; they change the time, but not parameters or FLOPs."""

    name = "heads"
    smallest = 1
    needs_layers = True
    ties = ("layers", "hidden_size", "heads")
    rule = "with layers, heads must divide hidden_size"

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """hidden_size is a multiple of heads, or there are no layers."""
        return np.asarray((columns["layers"] == 0) | (columns["hidden_size"] % columns["heads"] == 0))

    def row_repair(self, space: "SearchSpace") -> RowRepair | None:
        """Set heads to the closest number that divides hidden_size."""
        if self.name not in space.names:
            return None
        heads, divides = space.values("heads"), head_divides(space)
        distance = np.abs(np.log(heads[None, :] / heads[:, None]))
        nearest = np.where(divides[:, None, :], distance[None], np.inf).argmin(axis=2)
        column = space.names.index(self.name)
        width = space.names.index("hidden_size") if "hidden_size" in space.names else None

        def repair(rows: NDArray[np.int64]) -> None:
            hidden = np.zeros(1, int) if width is None else rows[:, width]
            rows[:, column] = nearest[hidden, rows[:, column]]

        return repair

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Norms, splitting into heads, score matrices and softmax."""
        layers, hidden, heads, square = columns["layers"], columns["hidden_size"], columns["heads"], tokens**2
        return [
            layers * tokens * hidden / 1e5,
            layers * tokens * hidden * heads / 1e6,
            layers * square * hidden / 1e6,
            layers * square * heads / 1e6,
        ]


class HiddenAct(Name):
    """The activation of the feed-forward network."""

    name = "hidden_act"
    choices = ACTIVATIONS
    cost = Cost.NONE
    needs_layers = True

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """One term for each activation."""
        layers, inner, chosen = columns["layers"], columns["intermediate_size"], columns["hidden_act"]
        return [layers * tokens * inner * (chosen == name) / 1e5 for name in ACTIVATIONS]


class AttentionDropout(Number):
    """Dropout of the attention weights."""

    name = "attention_dropout"
    smallest = 0.0
    whole = False
    cost = Cost.NONE
    needs_layers = True

    def problem(self, value: Any) -> str | None:
        """As for any number, and below 1."""
        return super().problem(value) or (f"{value!r} must be below 1" if value >= 1 else None)


def head_divides(space: "SearchSpace") -> NDArray[np.bool_]:
    """(widths, heads): which number of heads divides which hidden_size in `space`; all True if it has no layers."""
    divides = space.values("hidden_size")[:, None] % space.values("heads") == 0
    if space.values("layers").max() == 0:
        divides[:] = True
    return np.asarray(divides)
