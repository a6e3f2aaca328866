"""ONNX Runtime on the CPU: the default."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from avatar.bundle import Bundle
from avatar.common.errors import ArtifactError
from avatar.serve.runtimes.base import RUNTIMES, no_head


@RUNTIMES.register("onnxruntime")
class OnnxRuntime:
    """An onnxruntime session for each graph. Weights stored as int8 are converted to float32 once, on loading."""

    def __init__(self, bundle: Bundle, precision: str | None = None, threads: int = 1) -> None:
        parts = bundle.parts(precision)
        self._encoder = load_session(bundle.path(parts.encoder), threads)
        self._head = load_session(bundle.path(parts.head), threads) if parts.head else None
        self._names = [entry.name for entry in self._head.get_inputs()] if self._head is not None else []
        inputs, outputs = self._encoder.get_inputs(), self._encoder.get_outputs()
        width = outputs[0].shape[-1] if len(outputs) == 1 and outputs[0].shape else None
        if sorted(entry.name for entry in inputs) != ["attention_mask", "input_ids"] or type(width) is not int:
            raise ArtifactError(
                f"{bundle.path(parts.encoder)} does not make vectors of input_ids and attention_mask",
                "export the student again",
            )
        if self._head is not None and len(self._names) != bundle.config.arity:
            raise ArtifactError(
                f"{bundle.path(parts.head)} has {len(self._names)} inputs, not {bundle.config.arity}",
                "export the student again",
            )
        self.hidden_size: int = width

    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden)."""
        vectors: NDArray[np.float32] = self._encoder.run(
            None, {"input_ids": input_ids, "attention_mask": attention_mask}
        )[0]
        return vectors

    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2)."""
        if self._head is None:
            raise no_head()
        logits: NDArray[np.float32] = self._head.run(None, dict(zip(self._names, vectors, strict=True)))[0]
        return logits


def load_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """An onnxruntime session on the CPU; a file that it cannot load is an ArtifactError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # so that int8 weights are folded on loading
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no other common base class
        raise ArtifactError(
            f"onnxruntime cannot load {path}: {str(error)[:500]}", "export the student again"
        ) from error
