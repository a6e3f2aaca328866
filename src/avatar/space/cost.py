"""Exact parameters and FLOPs of students, summed over the genes, for one architecture and for whole grids.

`params_of` equals the sum of `p.numel()` over the student's parameters. `flops_of` equals torch's
FlopCounterMode with plain attention: matrix products only, two FLOPs per multiply-add.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.genes import GENES, Columns
from avatar.space.genes.base import fixed

BYTES_PER_PARAM = 4


def columns_of(arch: Architecture) -> dict[str, NDArray[Any]]:
    """`arch` as columns of shape ()."""
    return {name: np.asarray(value) for name, value in arch.as_dict().items()}


def params_of(columns: Columns, task: Task) -> NDArray[np.int64]:
    """Parameters of every architecture in `columns`, in the broadcast shape of the columns."""
    genes = GENES.values()
    return _sum(gene.params(columns, task) for gene in genes) + _in_layers(
        columns, (gene.layer_params(columns) for gene in genes)
    )


def flops_of(columns: Columns, task: Task, length: int | None = None) -> NDArray[np.int64]:
    """FLOPs of one forward pass of one example (a pair: both functions and the head), in broadcast shape.

    `length` is the number of tokens of each function; None means each architecture's `max_length`.
    """
    tokens = columns["max_length"] if length is None else np.asarray(length)
    genes = GENES.values()
    layers = _in_layers(columns, (gene.layer_flops(columns, tokens) for gene in genes))
    function = layers + _sum(gene.flops(columns, task, tokens) for gene in genes if gene.per_function)
    return task.arity * function + _sum(gene.flops(columns, task, tokens) for gene in genes if not gene.per_function)


def _in_layers(columns: Columns, parts: Iterable[NDArray[Any] | None]) -> NDArray[np.int64]:
    layers = columns["layers"]
    return np.asarray(0) if fixed(layers, 0) else layers * _sum(parts)


def _sum(parts: Iterable[NDArray[Any] | None]) -> NDArray[np.int64]:
    present = [part for part in parts if part is not None]
    return np.asarray(sum(present[1:], start=present[0]) if present else 0)


def count_params(arch: Architecture, task: Task) -> int:
    """Trainable parameters of one student."""
    return int(params_of(columns_of(arch), task))


def count_flops(arch: Architecture, task: Task, length: int | None = None) -> int:
    """FLOPs of one forward pass of one example with `length` tokens per function (None: `max_length`)."""
    return int(flops_of(columns_of(arch), task, length))


def weights_mb(arch: Architecture, task: Task) -> float:
    """Size of the weights in MB as the papers count it: four bytes per parameter, 1e6 bytes per MB."""
    return count_params(arch, task) * BYTES_PER_PARAM / 1e6
