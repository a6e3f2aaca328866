"""The objective flops: operations for one example."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from avatar.search.objectives.base import OBJECTIVES, ComputedObjective, SearchContext
from avatar.space.architecture import Architecture
from avatar.space.cost import flops_of


@OBJECTIVES.register("flops")
class Flops(ComputedObjective):
    """FLOPs of the forward pass of one example at full length."""

    name: ClassVar[str] = "flops"
    title: ClassVar[str] = "GFLOPs of one example"
    unit: ClassVar[str] = "GFLOPs"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """GFLOPs."""
        columns = context.space.architectures(archs).columns
        return np.broadcast_to(flops_of(columns, context.task) / 1e9, len(archs))
