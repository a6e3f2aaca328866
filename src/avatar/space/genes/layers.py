"""The transformer layers: how many, and what is in one."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.space.genes.base import Columns, Cost, Mender, Name, Number

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture
    from avatar.space.space import SearchSpace

ACTIVATIONS = ("gelu", "relu", "silu", "gelu_new")
"""What `student.encoder.ACTIVATIONS` computes."""


class Layers(Number):
    """How many layers there are; with 0 the embeddings are pooled. Costs are those of attention and the norms."""

    name = "layers"
    smallest = 0
    cost = Cost.GROWS
    shrinks = True

    def cheapest(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The two lowest: without layers not everything is legal."""
        return np.arange(min(len(values), 2))

    def representatives(self, values: NDArray[Any]) -> NDArray[Any]:
        """None and some."""
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
        """A layer's constant, and its projections."""
        layers = columns["layers"]
        return [layers, layers * tokens * columns["hidden_size"] ** 2 / 1e6]

    def phrase(self, arch: "Architecture") -> str:
        """Layers with all that is in them, or what a bag holds."""
        if arch.layers:
            return f"{arch.layers} x {arch.hidden_size} ({arch.heads} heads, FFN {arch.intermediate_size})"
        seen = f"windows of {arch.window}" if arch.window > 1 else "single tokens"
        return f"no layer, {arch.hidden_size} wide over {seen}"


class IntermediateSize(Number):
    """Width of a layer's feed-forward network."""

    name = "intermediate_size"
    smallest = 1
    cost = Cost.GROWS
    shrinks = True
    needs_layers = True

    def layer_params(self, columns: Columns) -> NDArray[Any]:
        """Up and down, with biases."""
        hidden, inner = columns["hidden_size"], columns["intermediate_size"]
        return (2 * hidden + 1) * inner + hidden

    def layer_flops(self, columns: Columns, tokens: NDArray[Any]) -> NDArray[Any]:
        """Both products."""
        return 4 * tokens * columns["hidden_size"] * columns["intermediate_size"]

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """The products, dearer where the width does not fill the processor's vectors."""
        layers, hidden, inner = columns["layers"], columns["hidden_size"], columns["intermediate_size"]
        return [
            layers * tokens * hidden * inner / 1e6,
            layers * tokens * hidden * inner * (hidden % 16 > 0) / 1e6,
            layers * tokens * hidden * inner * (hidden % 2 > 0) / 1e6,
        ]


class Heads(Number):
    """Heads of attention; they change no count, only the time."""

    name = "heads"
    smallest = 1
    needs_layers = True
    ties = ("layers", "hidden_size", "heads")
    rule = "with layers, some value of heads must divide some hidden_size"

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """Heads divide the width."""
        return np.asarray((columns["layers"] == 0) | (columns["hidden_size"] % columns["heads"] == 0))

    def mender(self, space: "SearchSpace") -> Mender | None:
        """To the nearest number that divides the width."""
        if self.name not in space.names:
            return None
        heads, divides = space.values("heads"), head_divides(space)
        distance = np.abs(np.log(heads[None, :] / heads[:, None]))
        nearest = np.where(divides[:, None, :], distance[None], np.inf).argmin(axis=2)
        column = space.names.index(self.name)
        width = space.names.index("hidden_size") if "hidden_size" in space.names else None

        def mend(rows: NDArray[np.int64]) -> None:
            hidden = np.zeros(1, int) if width is None else rows[:, width]
            rows[:, column] = nearest[hidden, rows[:, column]]

        return mend

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Norms, splitting into heads, score matrices and the softmax."""
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
        """Each activation has a price of its own."""
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
        """As of any number; 1 would drop everything."""
        return super().problem(value) or (f"{value!r} must be below 1" if value >= 1 else None)


def head_divides(space: "SearchSpace") -> NDArray[np.bool_]:
    """(widths, heads): which number of heads may stand beside which width in `space`."""
    divides = space.values("hidden_size")[:, None] % space.values("heads") == 0
    if space.values("layers").max() == 0:
        divides[:] = True
    return np.asarray(divides)
