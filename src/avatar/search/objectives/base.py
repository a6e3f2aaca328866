"""The interface of an objective, and the values of several objectives for many architectures."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.common.registry import Registry
from avatar.data.records import Corpus, Task
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, Feasible, Latency
from avatar.space.space import SearchSpace

if TYPE_CHECKING:
    from avatar.config.schema import Config
    from avatar.data.batching import TokenTable
    from avatar.data.tokenizers import CodeTokenizer
    from avatar.student.encoder import StudentModel

Predict = Callable[[Sequence[Architecture]], NDArray[np.float64]]
"""Expected value of each architecture, (n,)."""


@dataclass(frozen=True)
class SearchContext:
    """Everything that a search needs besides its settings.

    `predicted` has the surrogate of each measured objective by name; `latency` gives predicted milliseconds. Both get
    a `space.Architectures`, a sequence with columns.
    """

    space: SearchSpace
    task: Task
    budgets: Budgets
    predicted: Mapping[str, Predict] = field(default_factory=dict)
    latency: Latency | None = None

    @cached_property
    def feasible(self) -> Feasible:
        """The architectures that may be chosen."""
        return Feasible(self.space, self.budgets, self.task, self.latency)


class Objective(Protocol):
    """One axis of the trade-off. It carries all its own facts: other code has no list of objectives."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Title of its axis in a figure."""
    maximise: ClassVar[bool]
    unit: ClassVar[str]
    logarithmic: ClassVar[bool]
    """Whether figures use a logarithmic axis."""
    is_cost: ClassVar[bool]
    """Whether it is a cost that is known without training."""

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Value of each architecture in `unit`, (n,)."""
        ...

    def problems(self, cfg: "Config") -> Iterator[str]:
        """What the config lacks for this objective, one message each."""
        ...


OBJECTIVES: Registry[type[Objective]] = Registry("objective")


class ComputedObjective:
    """An objective that is computed from the architecture alone: a cost."""

    maximise: ClassVar[bool] = False
    logarithmic: ClassVar[bool] = True
    is_cost: ClassVar[bool] = True

    def problems(self, cfg: "Config") -> Iterator[str]:
        """None."""
        return iter(())


@dataclass(frozen=True)
class TrainedCandidate:
    """A student after a short training, and the data to measure it on. `score` is its `metric` on valid."""

    model: "StudentModel"
    tokenizer: "CodeTokenizer"
    tokens: "TokenTable"
    corpus: Corpus
    score: float
    metric: str
    language: str | None
    seed: int


class MeasuredObjective(ABC):
    """An objective that is measured on every candidate; a surrogate predicts it for all other architectures.

    `mlflow` is the name of the MLflow metric of a candidate's run, "" for none.
    """

    name: ClassVar[str]
    logarithmic: ClassVar[bool] = False
    is_cost: ClassVar[bool] = False
    mlflow: ClassVar[str] = ""
    judges: ClassVar[bool] = False
    """Whether it is the score by which epochs and students are chosen."""

    def values(self, archs: Sequence[Architecture], context: SearchContext) -> NDArray[np.float64]:
        """Expected values, rounded.

        Sums over batches of different sizes differ in the last bits. Rounding makes the values independent of the
        batch, and so a resumed search gives the same result.
        """
        if self.name not in context.predicted:
            raise ConfigError(
                f"the objective '{self.name}' needs candidates that were measured by it",
                f"leave {self.name} out of search.objectives",
            )
        return np.asarray(np.round(context.predicted[self.name](archs), 9), np.float64)

    @abstractmethod
    def measure(self, candidate: TrainedCandidate) -> float:
        """The value of one trained candidate, in [0, 1]."""

    def problems(self, cfg: "Config") -> Iterator[str]:
        """None by default: any candidate can be measured."""
        return iter(())


def measured_names(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the objectives `names` that are measured on candidates."""
    return tuple(name for name in names if issubclass(OBJECTIVES.get(name), MeasuredObjective))


def evaluate(
    archs: Sequence[Architecture], objectives: Sequence[type[Objective]], context: SearchContext
) -> NDArray[np.float64]:
    """Values in the units of the objectives, (n, objectives); NaN or infinity is a ConfigError."""
    if not len(archs):
        return np.empty((0, len(objectives)))
    values = np.stack([objective().values(archs, context) for objective in objectives], axis=1)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        name = objectives[column].name
        raise ConfigError(
            f"the objective '{name}' is {values[row, column]} for {archs[int(row)]}",
            "correct the surrogate or the latency model that it comes from",
        )
    return values


def minimised(values: NDArray[np.float64], objectives: Sequence[type[Objective]]) -> NDArray[np.float64]:
    """`values` with the maximised columns negated, as `pareto` needs them."""
    return values * np.asarray([-1.0 if objective.maximise else 1.0 for objective in objectives])
