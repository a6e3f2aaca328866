"""OpenVINO on the CPU, an optional extra."""

import threading
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import Bundle
from avatar.common.errors import ArtifactError, ConfigError
from avatar.serve.runtimes.base import RUNTIMES, no_head


@RUNTIMES.register("openvino")
class OpenVino:
    """A compiled model for each graph. Always computes in float32, so that results do not depend on the processor."""

    def __init__(self, bundle: Bundle, precision: str | None = None, threads: int = 1) -> None:
        try:
            openvino = import_module("openvino")
        except ImportError as error:
            raise ConfigError(
                f"the runtime 'openvino' cannot be imported: {error}", "pip install 'avatar-code[openvino]'"
            ) from error
        parts = bundle.parts(precision)
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        core = openvino.Core()
        self._models: dict[str, Any] = {}
        for name in filter(None, (parts.encoder, parts.head)):
            path = bundle.path(name)
            try:
                self._models[name] = core.compile_model(str(path), "CPU", settings)
            except RuntimeError as error:
                raise ArtifactError(f"openvino cannot load {path}: {error}", "export the student again") from error
        self._parts = parts
        self._requests = threading.local()  # an infer request handles one input at a time
        try:
            self.hidden_size: int = self._models[parts.encoder].output(0).partial_shape[-1].get_length()
        except Exception as error:  # no output, no dimension, or one of unknown length
            path = bundle.path(parts.encoder)
            raise ArtifactError(f"{path} does not make vectors: {error}", "export the student again") from error

    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden)."""
        return self._run(self._parts.encoder, input_ids, attention_mask)

    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2)."""
        if not self._parts.head:
            raise no_head()
        return self._run(self._parts.head, *vectors)

    def _run(self, name: str, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        requests = self._requests.__dict__
        if name not in requests:
            requests[name] = self._models[name].create_infer_request()
        answer: NDArray[np.float32] = requests[name].infer(list(inputs))[0]
        return answer
