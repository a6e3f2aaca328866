"""The latency model: predicts the forward time of an architecture on this machine without building it.

The time is a sum of parts: a constant, and the terms of each gene (`Gene.time`: products, score matrices,
activations and so on). The cost of a unit of each part is fitted for this machine by non-negative least squares on
relative errors. Trees, and a Gaussian process on the residual or instead of the sum, were not better on unseen
architectures.
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
"""Architectures predicted at a time."""


def columns_of(archs: Sequence[Architecture]) -> Columns:
    """One array (n,) per gene; `space.Architectures` have them already."""
    columns = getattr(archs, "columns", None)
    if columns is not None:
        return {name: np.broadcast_to(values, len(archs)) for name, values in columns.items()}
    rows = [arch.as_dict() for arch in archs]
    return {name: np.asarray([row[name] for row in rows]) for name in Architecture.__dataclass_fields__}


def parts(columns: Columns, length: int) -> Floats:
    """The parts of the time, (n, parts): a constant and the terms of every gene."""
    floats = {name: values if values.dtype.kind == "U" else values.astype(float) for name, values in columns.items()}
    tokens = np.minimum(floats["max_length"], length)
    terms = [term for gene in GENES.values() for term in gene.time(floats, tokens)]
    return np.stack([np.ones(len(tokens)), *terms], axis=1)


def fit_costs(columns: Columns, milliseconds: Floats, length: int) -> Floats:
    """Milliseconds per unit of each part, (parts,), at least 0; minimises relative errors."""
    costs, _ = nnls(parts(columns, length) / milliseconds[:, None], np.ones(len(milliseconds)))
    return np.asarray(costs, dtype=np.float64)


@dataclass(frozen=True)
class Quality:
    """How well the model predicts the times of unseen architectures."""

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
    """Predicts the forward time of one example with `length` tokens per function, on the machine of the fit.

    `costs` (parts,) are milliseconds per unit of each part. Predictions are at least `least`, half of the smallest
    measured time. `quality` is by cross-validation over the timed architectures.
    """

    costs: Floats
    least: float
    task: Task
    length: int
    machine: str
    threads: int
    quality: Quality

    def predict(self, archs: Sequence[Architecture], task: Task | None = None) -> Floats:
        """Milliseconds of each architecture, (n,). `task`, if given, must be that of the fit."""
        if task is not None and task is not self.task:
            raise ConfigError(
                f"the latency model was fitted for the task '{self.task}', not '{task}'", "fit a model for this task"
            )
        pieces = [archs[start : start + CHUNK] for start in range(0, len(archs), CHUNK)]
        predicted = [self._of(columns_of(piece)) for piece in pieces]
        return np.concatenate(predicted) if predicted else np.empty(0)

    def _of(self, columns: Columns) -> Floats:
        return np.maximum(parts(columns, self.length) @ self.costs, self.least)

    def predictor(self, task: Task) -> Callable[[Sequence[Architecture]], Floats]:
        """`predict` for one task, as budgets and objectives need it."""
        return partial(self.predict, task=task)

    @property
    def summary(self) -> str:
        """One line for the log and the report."""
        quality = self.quality
        return (
            f"time of a forward pass with {self.length} tokens on {self.machine}, "
            f"{self.threads} thread{'s' * (self.threads > 1)}, {RUNTIME}: R² {quality.r2:.3f} (1 is perfect), "
            f"median error {100 * quality.median_error:.1f} %, by cross-validation on "
            f"{quality.architectures} architectures"
        )


def check_enough(archs: Sequence[Architecture]) -> None:
    """Raise a ConfigError if there are too few architectures for a fit and its cross-validation."""
    if len(archs) < 2 * FOLDS:
        raise ConfigError(
            f"{len(archs)} architectures are too few for a latency model, at least {2 * FOLDS} are needed",
            "add values to the search space, raise the budget, or remove latency from search.objectives",
        )


def fit_to(archs: Sequence[Architecture], milliseconds: Floats, task: Task, length: int, seed: int) -> LatencyModel:
    """Fit a model to measured times (n,); its quality is by cross-validation.

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
