"""Exact parameters and FLOPs of a student: one formula for a single architecture and for whole grids.

`params_of` equals the sum of `p.numel()` over the student's parameters. `flops_of` equals torch's
FlopCounterMode with plain attention: matrix products only, two per multiply-add.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.architecture import Architecture

Columns = Mapping[str, NDArray[Any]]
"""One array per gene; the arrays broadcast against each other."""

BYTES_PER_PARAM = 4


def columns_of(arch: Architecture) -> dict[str, NDArray[Any]]:
    """`arch` as columns of shape ()."""
    return {name: np.asarray(value) for name, value in arch.as_dict().items()}


def params_of(columns: Columns, task: Task) -> NDArray[np.int64]:
    """Parameters of every architecture in `columns`, in their broadcast shape."""
    hidden, layers, length = columns["hidden_size"], columns["layers"], columns["max_length"]
    token = _token_width(columns)
    position = columns["position"]
    tables = columns["vocab_size"] * token + np.where(token != hidden, token * hidden, 0) + 2 * hidden
    tables = tables + np.where(position == "absolute", length * hidden, 0)
    relative = (2 * length - 1) * (hidden // columns["heads"])
    attention = 4 * (hidden * hidden + hidden) + np.where(_is_relative(position), relative, 0)
    intermediate = columns["intermediate_size"]
    feed_forward = 2 * hidden * intermediate + intermediate + hidden
    vector = _vector_size(columns)
    windows = np.where(columns["window"] > 1, columns["window"] * hidden * hidden + hidden, 0)
    tables = tables + windows
    pooling = np.where(columns["pooling"] == "attention", vector + 1, 0)
    head = (_head_inputs(columns, task) * hidden + hidden) + (2 * hidden + 2)
    return np.asarray(tables + layers * (attention + 4 * hidden + feed_forward) + pooling + head, np.int64)


def flops_of(columns: Columns, task: Task, length: int | None = None) -> NDArray[np.int64]:
    """FLOPs of one forward pass of one example (a pair: both functions and the head), in broadcast shape.

    `length` is the number of tokens of each function; None means each architecture's `max_length`.
    """
    hidden, layers = columns["hidden_size"], columns["layers"]
    tokens = columns["max_length"] if length is None else np.asarray(length)
    token = _token_width(columns)
    position = columns["position"]
    window = columns["window"]
    projection = np.where(token != hidden, 2 * (tokens + window - 1) * token * hidden, 0)
    square = tokens * tokens * hidden
    relative = np.where(position == "relative_key", 2 * square, 0)
    relative = relative + np.where(position == "relative_key_query", 4 * square, 0)
    layer = 8 * tokens * hidden * hidden + 4 * square + relative
    layer = layer + 4 * tokens * hidden * columns["intermediate_size"]
    projection = projection + np.where(window > 1, 2 * tokens * window * hidden * hidden, 0)
    pooling = np.where(columns["pooling"] == "attention", 2 * tokens * _vector_size(columns), 0)
    head = 2 * _head_inputs(columns, task) * hidden + 4 * hidden
    return np.asarray(task.arity * (projection + layers * layer + pooling) + head, np.int64)


def count_params(arch: Architecture, task: Task) -> int:
    """Trainable parameters of one student."""
    return int(params_of(columns_of(arch), task))


def count_flops(arch: Architecture, task: Task, length: int | None = None) -> int:
    """FLOPs of one forward pass of one example with `length` tokens a function (None: `max_length`)."""
    return int(flops_of(columns_of(arch), task, length))


def weights_mb(arch: Architecture, task: Task) -> float:
    """Size of the weights in MB as the papers count it: four bytes a parameter, 1e6 bytes a MB."""
    return count_params(arch, task) * BYTES_PER_PARAM / 1e6


def _token_width(columns: Columns) -> NDArray[Any]:
    embedding = columns["embedding_size"]
    return np.where(embedding == 0, columns["hidden_size"], embedding)


def _is_relative(position: NDArray[Any]) -> NDArray[np.bool_]:
    return (position == "relative_key") | (position == "relative_key_query")


def _head_inputs(columns: Columns, task: Task) -> NDArray[Any]:
    vector = _vector_size(columns)
    if task is Task.FUNCTION:
        return vector
    return np.where(columns["head"] == "interaction", 3 * vector, 2 * vector)


def _vector_size(columns: Columns) -> NDArray[Any]:
    return np.where(columns["window"] > 1, 2 * columns["hidden_size"], columns["hidden_size"])
