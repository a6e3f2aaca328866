"""How long an architecture that was never built will take here: a model of the forward time, per machine.

Time is a sum of parts: a constant, and the terms that each gene gives (`Gene.time`: products, score matrices,
activations and so on). What a unit of each part costs on this machine is fitted by non-negative least squares on
relative errors. A Gaussian process on the remainder, or instead of the sum, and trees were tried: none was better
on unseen architectures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls

from avatar.common.errors import ConfigError
from avatar.data.records import Task
from avatar.measure.machine import machine_name
from avatar.space.architecture import Architecture
from avatar.space.genes import GENES

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

RUNTIME = "torch fp32"
FOLDS = 5
CHUNK = 50_000


def columns_of(archs: Sequence[Architecture]) -> Columns:
    """One array (n,) per gene; `space.Architectures` are read without making objects."""
    columns = getattr(archs, "columns", None)
    if columns is not None:
        return {name: np.broadcast_to(values, len(archs)) for name, values in columns.items()}
    rows = [arch.as_dict() for arch in archs]
    return {name: np.asarray([row[name] for row in rows]) for name in Architecture.__dataclass_fields__}


def parts(columns: Columns, length: int) -> Floats:
    """What the time is a sum of, (n, parts): a constant and the terms of every gene."""
    floats = {name: values if values.dtype.kind == "U" else values.astype(float) for name, values in columns.items()}
    tokens = np.minimum(floats["max_length"], length)
    terms = [term for gene in GENES.values() for term in gene.time(floats, tokens)]
    return np.stack([np.ones(len(tokens)), *terms], axis=1)


def fit_costs(columns: Columns, milliseconds: Floats, length: int) -> Floats:
    """Milliseconds that a unit of each part costs, (parts,), none below 0; errors count relative to the time."""
    costs, _ = nnls(parts(columns, length) / milliseconds[:, None], np.ones(len(milliseconds)))
    return np.asarray(costs, dtype=np.float64)


@dataclass(frozen=True)
class Quality:
    """How well times of architectures are predicted that the model has not seen."""

    r2: float
    median_error: float
    architectures: int

    @classmethod
    def of(cls, measured: Floats, predicted: Floats) -> "Quality":
        """R² of the milliseconds, and the median of |predicted / measured - 1|."""
        residual = float(((measured - predicted) ** 2).sum())
        total = float(((measured - measured.mean()) ** 2).sum())
        r2 = 1.0 - residual / total if total else float("nan")
        return cls(r2, float(np.median(np.abs(predicted / measured - 1.0))), len(measured))


@dataclass(frozen=True)
class LatencyModel:
    """Predicts the forward time of one example with `length` tokens a function, on the machine of the fit.

    `costs` (parts,) are the milliseconds of a unit of each part. No prediction is below `least`, half of the
    fastest time that was measured. `quality` is by cross-validation over the timed architectures.
    """

    costs: Floats
    least: float
    task: Task
    length: int
    machine: str
    threads: int
    quality: Quality

    def predict(self, archs: Sequence[Architecture], task: Task | None = None) -> Floats:
        """Milliseconds of each architecture, (n,). `task`, if given, must be the one that was timed."""
        if task is not None and task is not self.task:
            raise ConfigError(
                f"the latency model was fitted for the task '{self.task}', not '{task}'", "fit one for this task"
            )
        pieces = [archs[start : start + CHUNK] for start in range(0, len(archs), CHUNK)]
        found = [self._of(columns_of(piece)) for piece in pieces]
        return np.concatenate(found) if found else np.empty(0)

    def _of(self, columns: Columns) -> Floats:
        return np.maximum(parts(columns, self.length) @ self.costs, self.least)

    def predictor(self, task: Task) -> Callable[[Sequence[Architecture]], Floats]:
        """`predict` for one task, as budgets and objectives take it."""
        return partial(self.predict, task=task)

    @property
    def summary(self) -> str:
        """One line for the log and the report."""
        quality = self.quality
        return (
            f"forward time at {self.length} tokens on {self.machine}, {self.threads} threads, {RUNTIME}: "
            f"R² {quality.r2:.3f}, median error {100 * quality.median_error:.1f} % on "
            f"{quality.architectures} architectures, each unseen (cross-validation)"
        )


def check_enough(archs: Sequence[Architecture]) -> None:
    """Raise a ConfigError where there are too few architectures for a fit and its cross-validation."""
    if len(archs) < 2 * FOLDS:
        raise ConfigError(
            f"{len(archs)} architectures are too few for a latency model, at least {2 * FOLDS} are needed",
            "widen the search space or the budget, or leave latency out of search.objectives",
        )


def fit_to(archs: Sequence[Architecture], milliseconds: Floats, task: Task, length: int, seed: int) -> LatencyModel:
    """The model of measured times (n,), and its quality by cross-validation.

    Too few architectures are a ConfigError.
    """
    check_enough(archs)
    columns = columns_of(archs)
    order = np.random.default_rng(seed).permutation(len(archs))
    predicted = np.empty(len(archs))
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        kept = np.setdiff1d(order, out)
        costs = fit_costs({name: values[kept] for name, values in columns.items()}, milliseconds[kept], length)
        predicted[out] = parts({name: values[out] for name, values in columns.items()}, length) @ costs
    return LatencyModel(
        fit_costs(columns, milliseconds, length),
        float(milliseconds.min() / 2),
        task,
        length,
        machine_name(),
        torch.get_num_threads(),
        Quality.of(milliseconds, predicted),
    )
