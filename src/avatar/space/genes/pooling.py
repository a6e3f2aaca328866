"""How a function's token states become one vector, and what each way costs. The modules: `student.pooling`."""

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.genes.base import Columns, Mender, Name, fixed, vector_size

if TYPE_CHECKING:
    from avatar.space.space import SearchSpace


@dataclass(frozen=True)
class PoolingFacts:
    """What the counts need to know of one kind.

    With `scores`, a learned score of each token: a weight for each feature, and a bias. `needs_layers`: one token's
    state is all that it sees, so that layers have to carry the others there. `reads_a_set`: how often a token
    stands in a function changes nothing. `takes_time`: more than can be measured.
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
        + (" needs at least one layer")
    )

    def legal(self, columns: Columns) -> NDArray[np.bool_]:
        """What sees one token needs a layer that carries the others to it."""
        return np.asarray((columns["layers"] > 0) | ~_is(columns, "needs_layers"))

    def mender(self, space: "SearchSpace") -> Mender:
        """Without layers to the first kind that sees all; in a space without one, to one layer."""
        kinds = space.values(self.name).tolist()
        others = [index for index, kind in enumerate(kinds) if not POOLINGS[kind].needs_layers]

        def mend(rows: NDArray[np.int64]) -> None:
            columns = space.columns(rows)
            blind = np.broadcast_to((columns["layers"] == 0) & _is(columns, "needs_layers"), len(rows))
            if not blind.any():
                return
            if others:
                rows[blind, space.names.index(self.name)] = others[0]
            else:
                rows[blind, space.names.index("layers")] = 1

        return mend

    def params(self, columns: Columns, task: Task) -> NDArray[Any] | None:
        """Weights and bias of the score."""
        scored = _is(columns, "scores")
        return None if fixed(scored, False) else np.where(scored, vector_size(columns) + 1, 0)

    def flops(self, columns: Columns, task: Task, tokens: NDArray[Any]) -> NDArray[Any] | None:
        """The scores."""
        scored = _is(columns, "scores")
        return None if fixed(scored, False) else np.where(scored, 2 * tokens * vector_size(columns), 0)

    def time(self, columns: Columns, tokens: NDArray[Any]) -> list[NDArray[Any]]:
        """Each kind has a price of its own."""
        work = tokens * columns["hidden_size"]
        return [work * (columns["pooling"] == name) / 1e5 for name, kind in POOLINGS.items() if kind.takes_time]


def _is(columns: Columns, fact: str) -> NDArray[np.bool_]:
    """Which architectures have a pooling with this fact."""
    masks = [columns["pooling"] == name for name in _HAVING[fact]]
    return np.asarray(reduce(np.logical_or, masks))
