"""The teacher's shape in every runtime that is there, each as a `TextClassifier`: which is its best is measured."""

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avatar.measure.classifier import TextClassifier
from avatar.serve.runtimes.onnx_runtime import load_session


class Autocast(nn.Module):
    """A model whose products are computed in bfloat16."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Tensor:
        """As the model's own, in float32."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.model(*inputs).float()


class Graph(nn.Module):
    """An exported model that another runtime runs: ids and mask in, logits out."""

    def __init__(self, run: Callable[[list[np.ndarray]], np.ndarray]) -> None:
        super().__init__()
        self.run = run
        self.place = nn.Parameter(torch.zeros(1))  # says which device inputs go to

    def forward(self, input_ids: Tensor, attention_mask: Tensor, members: Tensor) -> Tensor:
        """Logits of one pair."""
        return torch.from_numpy(self.run([input_ids.numpy(), attention_mask.long().numpy()]))


class _Pair(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids, attention_mask.bool(), torch.tensor([[0, 1]]))


def variants(teacher: TextClassifier, folder: Path, threads: int) -> Iterator[TextClassifier]:
    """`teacher` in bfloat16, in onnxruntime, and in openvino where that is installed; a failure is told."""
    yield dataclasses.replace(teacher, model=Autocast(teacher.model), precision="bf16 autocast")
    path = folder / "teacher.onnx"
    try:
        _export(teacher.model, path)
    except Exception as error:
        print(f"the teacher could not be exported to ONNX, so torch alone runs it: {error}", flush=True)
        return
    session = load_session(path, threads)
    names = [entry.name for entry in session.get_inputs()]
    yield dataclasses.replace(
        teacher,
        model=Graph(lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))[0]),
        runtime="onnxruntime",
    )
    try:
        openvino: Any = importlib.import_module("openvino")
    except ImportError:
        print("openvino is not installed, so it is left out", flush=True)
        return
    compiled = openvino.Core().compile_model(
        str(path), "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    )
    precision = str(compiled.get_property("INFERENCE_PRECISION_HINT")).rpartition(" ")[2].strip("<>'")
    request = compiled.create_infer_request()
    yield dataclasses.replace(
        teacher, model=Graph(lambda inputs: request.infer(inputs)[0]), runtime="openvino", precision=precision
    )


def _export(model: nn.Module, path: Path) -> None:
    ids = torch.ones((2, 7), dtype=torch.int64) * 5
    mask = torch.ones_like(ids)
    mask[1, -1] = 0
    model.get_submodule("encoder").set_attn_implementation("eager")  # type: ignore[operator]
    both = {0: "functions", 1: "tokens"}
    with torch.no_grad():
        torch.onnx.export(
            _Pair(model),
            (ids, mask),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": both, "attention_mask": both},
        )
    model.get_submodule("encoder").set_attn_implementation("sdpa")  # type: ignore[operator]
