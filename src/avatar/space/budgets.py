"""Budgets of a student: the limits, which architectures are within them, and the error when none is."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.cost import BYTES_PER_PARAM, flops_of, params_of
from avatar.space.genes import GENES
from avatar.space.space import Architectures, SearchSpace, legal

Latency = Callable[[Sequence[Architecture]], NDArray[np.float64]]
"""Predicted milliseconds of one example for each architecture, (n,)."""


@dataclass(frozen=True)
class Budgets:
    """Upper limits, None for no limit: MB of weights, GFLOPs of one example at full length, milliseconds."""

    mb: float | None = None
    gflops: float | None = None
    ms: float | None = None

    @property
    def max_params(self) -> float:
        """The largest number of parameters that `mb` allows."""
        return np.inf if self.mb is None else np.floor(self.mb * 1e6 / BYTES_PER_PARAM + 1e-6)

    @property
    def max_flops(self) -> float:
        """The largest number of FLOPs that `gflops` allows."""
        return np.inf if self.gflops is None else self.gflops * 1e9

    def __str__(self) -> str:
        limits = ((self.mb, "MB"), (self.gflops, "GFLOPs"), (self.ms, "ms"))
        return ", ".join(f"{limit:g} {unit}" for limit, unit in limits if limit is not None) or "no budget"


@dataclass(frozen=True)
class Feasible:
    """Says which architectures of `space` are legal, canonical and within `budgets`.

    Canonical means that each student has one architecture only. A limit in milliseconds needs `latency`.
    """

    space: SearchSpace
    budgets: Budgets
    task: Task
    latency: Latency | None = None

    def __post_init__(self) -> None:
        if self.budgets.ms is not None and self.latency is None:
            raise ConfigError(
                f"a budget of {self.budgets.ms:g} ms needs a latency model",
                "measure one on this machine, or set search.budget_ms=null",
            )

    def __call__(self, archs: Architectures) -> NDArray[np.bool_]:
        """Mask over `archs`, (n,)."""
        mask = legal(archs.columns) & self.space.is_canonical(archs, self.task)
        mask[mask] = self.affordable(archs.take(mask))
        return mask

    def affordable(self, archs: Architectures) -> NDArray[np.bool_]:
        """Which of `archs`, which must be legal and canonical, are within all limits."""
        mask = self.within(archs)
        if self.latency is not None and self.budgets.ms is not None and mask.any():
            mask = mask.copy()
            mask[mask] = self.latency(archs.take(mask)) <= self.budgets.ms
        return mask

    def within(self, archs: Architectures) -> NDArray[np.bool_]:
        """Which of `archs` are within the limits in MB and GFLOPs."""
        params = params_of(archs.columns, self.task) <= self.budgets.max_params
        flops = flops_of(archs.columns, self.task) <= self.budgets.max_flops
        return np.broadcast_to(params & flops, len(archs))

    def check(self) -> None:
        """Raise a ConfigError if no architecture is within the budgets; its hint has the smallest possible one."""
        smallest = self.smallest
        costs = [
            (
                "size",
                "search.budget_mb",
                self.budgets.mb,
                "MB",
                params_of(smallest.columns, self.task) * BYTES_PER_PARAM / 1e6,
            ),
            (
                "FLOPs",
                "search.budget_gflops",
                self.budgets.gflops,
                "GFLOPs",
                flops_of(smallest.columns, self.task) / 1e9,
            ),
        ]
        if self.latency is not None:
            times = np.asarray(self.latency(smallest))
            costs.append(("latency", "search.budget_ms", self.budgets.ms, "ms", times))
        meets_all = np.ones(len(smallest), dtype=bool)
        for what, key, limit, unit, values in costs:
            values = np.broadcast_to(values, len(smallest))
            if limit is not None and not (values <= limit * (1 + 1e-12)).any():
                index, least = int(values.argmin()), float(values.min())
                raise ConfigError(
                    f"no architecture of '{self.space.name}' meets the {what} budget: "
                    f"{key}={limit:g} {unit}, but the smallest possible is {least:.6g} {unit} "
                    f"({smallest[index]})",
                    f"set {key}={_round_up(least):g} or more, or allow smaller values in the search space",
                )
            if limit is not None:
                meets_all &= values <= limit * (1 + 1e-12)
        if not meets_all.any():
            limited = [
                (what, key, limit, unit, values) for what, key, limit, unit, values in costs if limit is not None
            ]
            excess = np.max(
                [np.broadcast_to(values, len(smallest)) / limit for _, _, limit, _, values in limited], axis=0
            )
            best = int(excess.argmin())
            possible = ", ".join(
                f"{key}={_round_up(max(limit, float(np.broadcast_to(values, len(smallest))[best]))):g}"
                for _, key, limit, _, values in limited
            )
            raise ConfigError(
                f"each budget alone can be met in '{self.space.name}', but not all together: {self.budgets}",
                f"these budgets can be met together: {possible}",
            )

    @cached_property
    def smallest(self) -> Architectures:
        """Legal architectures that include those with the fewest parameters and the fewest FLOPs.

        They are all combinations of the cheapest values that each gene lists.
        """
        choices = [GENES[domain.name].cheapest(domain.values) for domain in self.space.genes]
        rows = np.asarray(list(itertools.product(*choices)), dtype=np.int64).reshape(-1, len(choices))
        archs = Architectures(self.space, rows)
        keep = np.broadcast_to(legal(archs.columns), len(archs)) & self.space.is_canonical(archs, self.task)
        return archs.take(keep)


def _round_up(value: float) -> float:
    """`value` rounded up to four significant digits."""
    if value <= 0:
        return value
    unit = 10.0 ** (np.floor(np.log10(value)) - 3)
    return float(np.ceil(value / unit - 1e-9) * unit)


def fits(arch: Architecture, budgets: Budgets, task: Task) -> bool:
    """Whether one architecture is within the limits in MB and GFLOPs (milliseconds need `Feasible`)."""
    columns = {name: np.asarray(value) for name, value in arch.as_dict().items()}
    within_size = params_of(columns, task) <= budgets.max_params
    return bool(within_size and flops_of(columns, task) <= budgets.max_flops)
