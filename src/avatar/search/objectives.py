"""What is traded off: each objective says its direction and its unit, and gives values for architectures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.common.registry import Registry
from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, Feasible, Latency
from avatar.space.size import BYTES_PER_PARAM, flops_of, params_of
from avatar.space.space import SearchSpace


@dataclass(frozen=True)
class SearchContext:
    """Everything that a search is about, but its settings.

    `predict_accuracy` gives the expected accuracy of each architecture, (n,); `predict_flips` its expected flip
    rate, `latency` its predicted milliseconds. All are handed a `space.Architectures`, a sequence with columns.
    """

    space: SearchSpace
    task: Task
    budgets: Budgets
    predict_accuracy: Callable[[Sequence[Architecture]], NDArray[np.float64]]
    latency: Latency | None = field(default=None)
    predict_flips: Callable[[Sequence[Architecture]], NDArray[np.float64]] | None = field(default=None)

    @cached_property
    def feasible(self) -> Feasible:
        """The architectures that may be chosen."""
        return Feasible(self.space, self.budgets, self.task, self.latency)


class Objective(Protocol):
    """One axis of the trade-off."""

    name: ClassVar[str]
    maximise: ClassVar[bool]
    unit: ClassVar[str]

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Value of each architecture in `unit`, (n,)."""
        ...


OBJECTIVES: Registry[type[Objective]] = Registry("objective")


@OBJECTIVES.register("accuracy")
class Accuracy:
    """The accuracy that the surrogate expects."""

    name: ClassVar[str] = "accuracy"
    maximise: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Expected accuracy, in [0, 1]."""
        # Sums over batches of different sizes differ in the last bits; rounding makes the values, and
        # with them a resumed search, independent of the batch.
        return np.asarray(np.round(context.predict_accuracy(archs), 9), np.float64)


@OBJECTIVES.register("size")
class Size:
    """The weights, four bytes a parameter."""

    name: ClassVar[str] = "size"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = "MB"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Megabytes."""
        columns = context.space.architectures(archs).columns
        return np.broadcast_to(params_of(columns, context.task) * (BYTES_PER_PARAM / 1e6), len(archs))


@OBJECTIVES.register("flops")
class Flops:
    """The forward pass of one example at full length."""

    name: ClassVar[str] = "flops"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = "GFLOPs"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """GFLOPs."""
        columns = context.space.architectures(archs).columns
        return np.broadcast_to(flops_of(columns, context.task) / 1e9, len(archs))


@OBJECTIVES.register("latency")
class PredictedLatency:
    """The forward time that the latency model predicts for this machine."""

    name: ClassVar[str] = "latency"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = "ms"

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Milliseconds."""
        if context.latency is None:
            raise ConfigError(
                "the objective 'latency' needs a latency model",
                "measure one on this machine, or leave latency out of search.objectives",
            )
        return np.asarray(np.round(context.latency(archs), 9), np.float64)


@OBJECTIVES.register("flips")
class Flips:
    """The share of predictions that change when variables are renamed (MORPH's prediction flips), as expected."""

    name: ClassVar[str] = "flips"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Expected flip rate, in [0, 1]."""
        if context.predict_flips is None:
            raise ConfigError(
                "the objective 'flips' needs candidates whose flips were measured",
                "leave flips out of search.objectives",
            )
        return np.asarray(np.round(context.predict_flips(archs), 9), np.float64)


def evaluate(
    archs: Sequence[Architecture], objectives: Sequence[type[Objective]], context: SearchContext
) -> NDArray[np.float64]:
    """Values in natural units, (n, objectives); a value that is no number is a ConfigError."""
    if not len(archs):
        return np.empty((0, len(objectives)))
    values = np.stack([objective().values(archs, context) for objective in objectives], axis=1)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        name = objectives[column].name
        raise ConfigError(
            f"the objective '{name}' is {values[row, column]} for {archs[int(row)]}",
            "mend the surrogate or the latency model that it comes from",
        )
    return values


def minimised(values: NDArray[np.float64], objectives: Sequence[type[Objective]]) -> NDArray[np.float64]:
    """`values` with the maximised columns negated, as `pareto` wants them."""
    return values * np.asarray([-1.0 if objective.maximise else 1.0 for objective in objectives])
