"""Attention in ONNX Runtime against torch eager: the exported encoder must be at least as fast.

Encoders with random weights, one pair of functions of equal length, the calls of both taking turns.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import torch

from avatar.data.records import Task
from avatar.export.graphs import write_encoder
from avatar.measure.latency import clocked
from avatar.measure.machine import machine_name
from avatar.serve.runtimes.onnx_runtime import load_session
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel
from common import store

SHAPES = {
    "Avatar's 3 MB": {"layers": 1, "hidden_size": 24, "heads": 1, "intermediate_size": 1508},
    "Avatar's, GraphCodeBERT": {"layers": 3, "hidden_size": 36, "heads": 12, "intermediate_size": 1508},
    "Compressor's 3 MB": {"layers": 12, "hidden_size": 96, "heads": 8, "intermediate_size": 64},
    "wide, one layer": {"layers": 1, "hidden_size": 192, "heads": 4, "intermediate_size": 64},
}
POSITIONS = ("absolute", "relative_key", "relative_key_query")
LENGTHS = (128, 400)


def main() -> None:
    """Time every shape with every kind of positions, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=15, help="timed calls of each encoder")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = []
    for name, shape in SHAPES.items():
        for position in POSITIONS:
            arch = Architecture.from_dict({"vocab_size": 2000, "position": position, "pooling": "mean", **shape})
            for length in LENGTHS:
                eager, exported = times(arch, length, options.calls, options.threads)
                rows.append(
                    {
                        "shape": name,
                        "position": position,
                        "tokens": f"2 x {length}",
                        "torch ms": eager,
                        "onnxruntime ms": exported,
                        "torch / onnxruntime": eager / exported,
                    }
                )
    store(
        pd.DataFrame(rows),
        "runtime_attention",
        "Attention: ONNX Runtime against torch eager",
        [
            f"{machine_name()}, {options.threads} threads, torch {torch.__version__}, onnxruntime "
            f"{onnxruntime.__version__}, median of {options.calls} calls each, taking turns; load average "
            f"{os.getloadavg()[0]:.1f}. torch runs its fused kernel for absolute positions.",
        ],
    )


def times(arch: Architecture, length: int, calls: int, threads: int) -> tuple[float, float]:
    """Median milliseconds of the encoder in torch eager and in ONNX Runtime."""
    torch.manual_seed(0)
    model = StudentModel(arch, Task.PAIR).eval()
    ids = torch.randint(3, arch.vocab_size, (2, length))
    mask = torch.ones_like(ids)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        write_encoder(model, path)
        session = load_session(path, threads)
    feed = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    found: dict[str, list[float]] = {"torch": [], "onnxruntime": []}
    with torch.inference_mode():
        for _ in range(calls + 3):
            found["torch"].append(clocked(lambda _: model.encode(ids, mask), None))
            found["onnxruntime"].append(clocked(lambda _: session.run(None, feed), None))
    return tuple(float(np.median(values[3:])) for values in found.values())  # type: ignore[return-value]


if __name__ == "__main__":
    main()
