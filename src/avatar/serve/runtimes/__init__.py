"""The runtimes that run a bundle's graphs, with one interface. `RUNTIMES` lists them by name."""

from avatar.serve.runtimes import onnx_runtime, openvino_runtime  # noqa: F401  (they register themselves)
from avatar.serve.runtimes.base import RUNTIMES, Loader, Runtime, load_runtime

__all__ = ["RUNTIMES", "Loader", "Runtime", "load_runtime"]
