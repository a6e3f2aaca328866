"""The gene pooling: how token states become one vector, and the cost. The modules are in `student.pooling`."""

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Name, RowRepair, fixed, vector_size

if TYPE_CHECKING:
    from avatar.space.space import SearchSpace


@dataclass(frozen=True)
class PoolingFacts:
    """Facts about one kind of pooling.

    `scores`: it has a learned score of each token, with a weight for each feature and a bias. `needs_layers`: it reads
    the state of one token only, so layers must bring the other tokens into it. `reads_a_set`: it does not matter how
    often a token occurs. `takes_time`: its time can be measured.
    """

    scores: bool = False
    needs_layers: bool = False
    reads_a_set: bool = False
    takes_time: bool = True


POOLINGS = {
    "first": PoolingFacts(needs_layers=True, takes_time=False),
    "mean": PoolingFacts(),
    "max": PoolingFacts(reads_a_set=True),
    "attention": PoolingFacts(scores=True),
}
_HAVING = {
    fact: [name for name, kind in POOLINGS.items() if getattr(kind, fact)] for fact in ("needs_layers", "scores")
}


class Pooling(Name):
    """One of `POOLINGS`."""

    name = "pooling"
    choices = tuple(POOLINGS)
    ties = ("layers", "pooling")
    rule = (
        "pooling "
        + " and ".join(f"'{name}'" for name, kind in POOLINGS.items() if kind.needs_layers)
        + " needs at least one layer"
    )

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """A kind that reads one token only needs a layer."""
        return np.asarray((columns["layers"] > 0) | ~_is(columns, "needs_layers"))

    def row_repair(self, space: "SearchSpace") -> RowRepair:
        """Without layers, set the first kind that reads all tokens; if the space has none, set one layer."""
        kinds = space.values(self.name).tolist()
        others = [index for index, kind in enumerate(kinds) if not POOLINGS[kind].needs_layers]

        def repair(rows: NDArray[np.int64]) -> None:
            columns = space.columns(rows)
            illegal = np.broadcast_to((columns["layers"] == 0) & _is(columns, "needs_layers"), len(rows))
            if not illegal.any():
                return
            if others:
                rows[illegal, space.names.index(self.name)] = others[0]
            else:
                rows[illegal, space.names.index("layers")] = 1

        return repair

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """Weights and bias of the scores."""
        scored = _is(columns, "scores")
        return None if fixed(scored, False) else np.where(scored, vector_size(columns) + 1, 0)

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The scores."""
        scored = _is(columns, "scores")
        return None if fixed(scored, False) else np.where(scored, 2 * tokens * vector_size(columns), 0)

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """One term for each kind."""
        work = tokens * columns["hidden_size"]
        return [work * (columns["pooling"] == name) / 1e5 for name, kind in POOLINGS.items() if kind.takes_time]


def _is(columns: Columns, fact: str) -> NDArray[np.bool_]:
    """Which architectures have a pooling for which `fact` is true."""
    masks = [columns["pooling"] == name for name in _HAVING[fact]]
    return np.asarray(reduce(np.logical_or, masks))
