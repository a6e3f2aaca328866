"""The objective size: size of the weights."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives.base import OBJECTIVES, ComputedObjective, SearchContext
from avatar.space.architecture import Architecture
from avatar.space.cost import BYTES_PER_PARAM, params_of


@OBJECTIVES.register("size")
class Size(ComputedObjective):
    """Size of the weights, four bytes per parameter."""

    name: ClassVar[str] = "size"
    title: ClassVar[str] = "size of the weights (MB)"
    unit: ClassVar[str] = "MB"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Megabytes."""
        columns = context.space.architectures(archs).columns
        return np.broadcast_to(params_of(columns, context.task) * (BYTES_PER_PARAM / 1e6), len(archs))
