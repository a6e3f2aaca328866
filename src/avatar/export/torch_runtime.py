"""A bundle's student in torch: as a runtime, and as a model for further training."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from avatar.bundle import Bundle
from avatar.common.errors import ArtifactError
from avatar.data.records import Task
from avatar.export.int8 import dequantised_state
from avatar.serve.runtimes import RUNTIMES
from avatar.serve.runtimes.base import no_head
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel


def load_student(bundle: Bundle, precision: str | None = None) -> StudentModel:
    """The student of a bundle as a torch module: eval mode, float32, weights copied from the file.

    Weights that do not match the architecture in the config are an ArtifactError.
    """
    path = bundle.path(bundle.parts(precision).weights)
    arch = Architecture.from_dict(bundle.config.architecture)
    model = StudentModel(arch, Task(bundle.config.task))
    try:
        state = dequantised_state(load_file(path))
        model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
    except Exception as error:  # safetensors raises its own class, torch a RuntimeError for a wrong shape
        raise ArtifactError(
            f"{path} does not hold the weights of {arch}: {error}", "export the student again"
        ) from error
    return model.eval()


@RUNTIMES.register("torch")
class TorchRuntime:
    """torch on the CPU, without gradients. `threads` is ignored: torch has one setting for the whole process."""

    def __init__(self, bundle: Bundle, precision: str | None = None, threads: int = 1) -> None:
        self.model = load_student(bundle, precision)
        self.hidden_size = self.model.vector_size

    @torch.inference_mode()
    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden)."""
        return self.model.encode(torch.from_numpy(input_ids), torch.from_numpy(attention_mask)).numpy()

    @torch.inference_mode()
    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2)."""
        if self.model.task.grouped:
            raise no_head()
        return self.model.classify(_stacked(vectors)).numpy()


def _stacked(vectors: Sequence[NDArray[np.float32]]) -> torch.Tensor:
    return torch.from_numpy(np.stack(vectors, axis=1))
