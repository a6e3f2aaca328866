"""The gene head: how the vectors of a pair become logits, and the cost. The modules are in `student.heads`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Name, vector_size

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture


@dataclass(frozen=True)
class HeadFacts:
    """Facts about one kind of head. Its input is `vectors` times as wide as a function's vector.

    `symmetric`: the pairs (a, b) and (b, a) get the same answer.
    """

    vectors: int
    symmetric: bool


HEADS = {
    "concat": HeadFacts(2, symmetric=False),
    "interaction": HeadFacts(3, symmetric=True),
}


class Head(Name):
    """One of `HEADS`; makes no difference for single functions. Counts are for one example."""

    name = "head"
    choices = tuple(HEADS)
    per_function = False

    def settle(self, indices: NDArray[np.int64], values: NDArray[Any], columns: Columns, task: Task | None) -> None:
        """Only pairs have several heads."""
        if task is not None and task is not Task.PAIR:
            indices[:] = 0

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """The layers dense and out, with biases; none if the vector is the answer."""
        if task.grouped:
            return np.asarray(0)
        hidden = columns["hidden_size"]
        return (_inputs(columns, task) + 3) * hidden + 2

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any]:
        """The layers dense and out; none if the vector is the answer."""
        if task.grouped:
            return np.asarray(0)
        hidden = columns["hidden_size"]
        return 2 * (_inputs(columns, task) + 2) * hidden

    def phrase(self, arch: "Architecture") -> str:
        """Pooling and head."""
        return f"{arch.pooling} pooling, {arch.head} head"


def _inputs(columns: Columns, task: Task) -> NDArray[Any]:
    vector = vector_size(columns)
    if task is Task.FUNCTION:
        return vector
    return sum(kind.vectors * (columns["head"] == name) for name, kind in HEADS.items()) * vector
