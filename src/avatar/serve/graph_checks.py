"""Checks the ONNX graphs and the weights of a bundle before any library loads them.

The export writes graphs without loops, branches or functions, so the time of a graph depends on the size of its input
only. Tensors are in the graph or in the weights file of the bundle, in no other file. ONNX files are protocol buffers;
the few fields that matter are read here, because the package `onnx` is not part of the base installation.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from avatar.bundle import Bundle, Parts
from avatar.common.errors import ArtifactError
from avatar.common.regular_files import read_regular

MOST_GRAPH_BYTES = 64_000_000
MOST_WEIGHT_BYTES = 1_000_000_000
MOST_NODES = 20_000
DOMAINS = frozenset([b"", b"ai.onnx", b"com.microsoft"])
"""Domains of operators that ONNX Runtime has built in."""

_HINT = "use a student that Avatar exported"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
"""Fields of a ModelProto; below: of a GraphProto, a NodeProto, an AttributeProto and a TensorProto."""
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS, _SPARSE_TENSOR, _SPARSE_TENSORS = 5, 6, 10, 11, 22, 23
_EXTERNAL_DATA = 13

Field = tuple[int, memoryview]


def check_parts(bundle: Bundle, parts: Parts) -> None:
    """Refuse, with an ArtifactError, graphs or weights that the export would not write."""
    weights = bundle.path(parts.weights)
    content = _content(weights, MOST_WEIGHT_BYTES)
    for name in filter(None, (parts.encoder, parts.head)):
        path = bundle.path(name)
        graph = memoryview(_content(path, MOST_GRAPH_BYTES))
        try:
            for problem in _problems(graph, parts.weights, len(content)):
                raise ArtifactError(f"{path} is refused: {problem}", _HINT)
        except ValueError as error:
            raise ArtifactError(f"{path} is not an ONNX graph: {error}", _HINT) from error
    try:
        arrays = load(content)
    except Exception as error:  # safetensors raises its own class, and others for types that numpy lacks
        raise ArtifactError(f"{weights} has no weights: {error}", _HINT) from error
    for name, array in arrays.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise ArtifactError(f"{weights} is refused: {name[:100]!r} has numbers that are not finite", _HINT)


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        content = read_regular(path, most_bytes + 1)
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}", _HINT) from error
    if len(content) > most_bytes:
        raise ArtifactError(f"{path} has more than {most_bytes:,} bytes", _HINT)
    return content


def _problems(model: memoryview, weights: str, size: int) -> Iterator[str]:
    """What is wrong with a ModelProto, as ends of a sentence; `size` is that of the file `weights`, in bytes."""
    nodes = 0
    graphs = 0
    for field, value in _fields(model):
        if field in (_TRAINING, _FUNCTIONS):
            yield "it has functions or a training part"
        if field != _GRAPH:
            continue
        graphs += 1
        for inner, part in _fields(value):
            if inner == _NODE:
                nodes += 1
                yield from _node_problems(part, weights, size)
            elif inner == _INITIALIZER:
                yield from _tensor_problems(part, weights, size)
            elif inner == _SPARSE_INITIALIZER:
                yield "it has sparse tensors"
            if nodes > MOST_NODES:
                yield f"it has more than {MOST_NODES:,} operators"
    if graphs != 1 or not nodes:
        yield f"it has {graphs} graphs and {nodes} operators"


def _node_problems(node: memoryview, weights: str, size: int) -> Iterator[str]:
    fields = list(_fields(node))
    name = next((bytes(value) for field, value in fields if field == _OP_TYPE), b"").decode("utf-8", "replace")[:100]
    for field, value in fields:
        if field == _DOMAIN and bytes(value) not in DOMAINS:
            yield f"the operator {name!r} is of the unknown domain {bytes(value)[:100].decode('utf-8', 'replace')!r}"
        if field != _ATTRIBUTE:
            continue
        for inner, part in _fields(value):
            if inner in (_SUBGRAPH, _SUBGRAPHS):
                yield f"the operator {name!r} contains a graph, as loops and branches do"
            if inner in (_SPARSE_TENSOR, _SPARSE_TENSORS):
                yield "it has sparse tensors"
            if inner in (_TENSOR, _TENSORS):
                yield from _tensor_problems(part, weights, size)


def _tensor_problems(tensor: memoryview, weights: str, size: int) -> Iterator[str]:
    """Problems of the file of a tensor's content, if it is in another file."""
    for field, value in _fields(tensor):
        if field != _EXTERNAL_DATA:
            continue
        pair = dict(_fields(value))
        key, text = (bytes(pair.get(number, b"")).decode("utf-8", "replace") for number in (1, 2))
        if key == "location" and text != weights:
            yield f"a tensor is in the file {text[:100]!r}, not in {weights}"
        if key in ("offset", "length") and not (text.isascii() and text.isdecimal() and int(text[:20]) <= size):
            yield f"a tensor has the {key} {text[:100]!r}, and {weights} has {size:,} bytes"


def _fields(message: memoryview) -> Iterator[Field]:
    """Number and content of each field of a message; the content of a number is empty. A ValueError if it is cut."""
    position, end = 0, len(message)
    while position < end:
        tag, position = _varint(message, position)
        kind, length = tag & 7, 0
        if kind == _VARINT:
            _, position = _varint(message, position)
        elif kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"byte {position} has the unknown wire type {kind}")
        if position + length > end:
            raise ValueError("it ends too early")
        yield tag >> 3, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError("it ends too early")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number has more than ten bytes")
