"""The two ONNX graphs of a student; their weights are in model.safetensors."""

import copy
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnx.external_data_helper import set_external_data
from torch import Tensor, nn

from avatar.data.records import Task
from avatar.student.attention import SelfAttention
from avatar.student.encoder import StudentModel

OPSET = 17
INLINE_BYTES = 1024
"""Smaller tensors stay inside the graph."""


def for_export(model: StudentModel) -> StudentModel:
    """A copy of `model` in inference mode, on the CPU, with attention written out.

    With this, ONNX Runtime 1.32 was as fast as with its fused MultiHeadAttention operator, and faster than torch on
    the papers' 3 MB shapes (benchmarks/runtime_attention.py has the numbers). Relative scores are computed by
    shifting if heads are few and wide; with many narrow heads, the lookup was as fast.
    """
    exported = copy.deepcopy(model).cpu().float().eval()
    exported.use_plain_attention(True)
    for module in exported.modules():
        if isinstance(module, SelfAttention):
            module.shifted = module.heads <= module.head_size
    return exported


class _Encoder(nn.Module):
    def __init__(self, model: StudentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model.encode(input_ids, attention_mask)


class _Head(nn.Module):
    def __init__(self, model: StudentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *vectors: Tensor) -> Tensor:
        return self.model.classify(torch.stack(vectors, dim=1))


def write_encoder(model: StudentModel, path: Path) -> None:
    """input_ids and attention_mask int64 (functions, tokens) -> vectors float32 (functions, hidden)."""
    ids = torch.ones((2, min(5, model.arch.max_length)), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, -1] = 0
    both = {0: "functions", 1: "tokens"}
    axes = {"input_ids": both, "attention_mask": both, "vectors": {0: "functions"}}
    _export(_Encoder(for_export(model)), (ids, mask), path, ["input_ids", "attention_mask"], "vectors", axes)
    graph = onnx.load(str(path))  # the exporter does not know the width of vectors that are divided by their length
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = model.vector_size
    onnx.save(graph, str(path))


def write_head(model: StudentModel, path: Path) -> None:
    """first, second (pairs) or vectors (functions), float32 (examples, hidden) -> logits (examples, 2)."""
    names = ["first", "second"] if model.task is Task.PAIR else ["vectors"]
    vectors = tuple(torch.linspace(-1, 1, 3 * model.vector_size).view(3, -1) for _ in names)
    axes = {name: {0: "examples"} for name in (*names, "logits")}
    _export(_Head(for_export(model)), vectors, path, names, "logits", axes)


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: list[str],
    output: str,
    axes: Mapping[str, Mapping[int, str]],
) -> None:
    # torch's older exporter takes 0.5 s (torch.export: 5-8 s) and keeps the parameters' names, which
    # `share_weights` needs. Without constant folding, the weight of a Linear stays as it is stored, and
    # ONNX Runtime transposes it once, on loading.
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(path),
            dynamo=False,
            do_constant_folding=False,
            opset_version=OPSET,
            input_names=names,
            output_names=[output],
            dynamic_axes={name: dict(names_of_axes) for name, names_of_axes in axes.items()},
        )
    graph = onnx.load(str(path))
    present = {entry.name for entry in graph.graph.input}
    for name in names:  # an input that the student does not use, such as the mask for first-token pooling
        if name not in present:
            shape = [axes[name][0], axes[name][1]]
            graph.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape))
    onnx.save(graph, str(path))


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def share_weights(graph: Path, weights: Path) -> int:
    """Make the tensors of `graph` refer to equal tensors in the safetensors file `weights`; returns the bytes saved.

    Both ONNX's external data and a safetensors file hold raw little-endian bytes at an offset, so one copy is enough.
    """
    with weights.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
        start = 8 + length
        stored = {}
        for entry in header.values():
            if "data_offsets" in entry:
                first, last = entry["data_offsets"]
                stream.seek(start + first)
                stored[stream.read(last - first)] = start + first
    model = onnx.load(str(graph))
    saved = 0
    for tensor in model.graph.initializer:
        content = tensor.raw_data
        if len(content) >= INLINE_BYTES and content in stored:
            set_external_data(tensor, weights.name, offset=stored[content], length=len(content))
            tensor.ClearField("raw_data")
            saved += len(content)
    onnx.save(model, str(graph))
    return saved
