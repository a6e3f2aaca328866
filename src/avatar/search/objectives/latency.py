"""The objective latency: time for one example."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.search.objectives.base import OBJECTIVES, ComputedObjective, SearchContext
from avatar.space.architecture import Architecture


@OBJECTIVES.register("latency")
class PredictedLatency(ComputedObjective):
    """The time of the forward pass that the latency model predicts for this machine."""

    name: ClassVar[str] = "latency"
    title: ClassVar[str] = "latency of one example (ms)"
    unit: ClassVar[str] = "ms"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Milliseconds."""
        if context.latency is None:
            raise ConfigError(
                "the objective 'latency' needs a latency model",
                "measure one on this machine, or remove latency from search.objectives",
            )
        return np.asarray(np.round(context.latency(archs), 9), np.float64)
