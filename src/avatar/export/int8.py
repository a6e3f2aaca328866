"""A student's matrices as int8: one byte per weight and a float scale per row, dequantised on loading."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from avatar.export.graphs import INLINE_BYTES

SCALE = ".scale"
"""A stored int8 matrix `name` has its row scales under `name` + SCALE."""

LEVELS = 127


def quantised(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Int8 values (rows, columns) and scales (rows,), so that values * scales[:, None] approximates `matrix`.

    Symmetric, so 0 stays 0; a row's error is at most half its largest absolute value / 127.
    """
    scales = np.abs(matrix).max(axis=1) / LEVELS
    divisible = scales >= np.finfo(np.float32).tiny  # smaller scales are too coarse to divide by
    scales = np.where(divisible, scales, 1).astype(np.float32)
    return np.rint(matrix / scales[:, None]).astype(np.int8), scales


def dequantised(values: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """The float32 matrix (rows, columns) that the runtimes compute with."""
    return values.astype(np.float32) * scales[:, None]


def is_quantised(matrix: NDArray[np.generic]) -> bool:
    """Whether the int8 variant stores this array as int8: float32 matrices of at least `INLINE_BYTES`."""
    return matrix.ndim == 2 and matrix.dtype == np.float32 and matrix.nbytes >= INLINE_BYTES


def quantised_state(state: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.generic]]:
    """The content of model.int8.safetensors, from float32 arrays by name."""
    stored: dict[str, NDArray[np.generic]] = {}
    for name, array in state.items():
        if is_quantised(array):
            stored[name], stored[name + SCALE] = quantised(array)
        else:
            stored[name] = array
    return stored


def dequantised_state(stored: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    """Float32 arrays by name, from the content of a weights file of either precision."""
    return {
        name: dequantised(array, stored[name + SCALE]) if name + SCALE in stored else array  # type: ignore[arg-type,misc]
        for name, array in stored.items()
        if not (name.endswith(SCALE) and name.removesuffix(SCALE) in stored)
    }


def quantise_graph(source: Path, target: Path) -> None:
    """Copy the ONNX graph `source`, which contains its weights; matrices become int8 with a DequantizeLinear each."""
    model = onnx.load(str(source))
    graph = model.graph
    kept, nodes = [], []
    for tensor in graph.initializer:
        matrix = numpy_helper.to_array(tensor)
        if not is_quantised(matrix):
            kept.append(tensor)
            continue
        values, scales = quantised(matrix)
        inputs = [f"{tensor.name}.int8", tensor.name + SCALE]
        kept += [numpy_helper.from_array(values, inputs[0]), numpy_helper.from_array(scales, inputs[1])]
        nodes.append(helper.make_node("DequantizeLinear", inputs, [tensor.name], axis=0))
    nodes += graph.node
    for field, items in ((graph.initializer, kept), (graph.node, nodes)):
        copied = [type(item).FromString(item.SerializeToString()) for item in items]
        del field[:]
        field.extend(copied)
    onnx.save(model, str(target))
