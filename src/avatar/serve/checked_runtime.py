"""A runtime whose every result is checked: a damaged or hostile student gives an error, never a wrong answer."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ArtifactError, AvatarError
from avatar.serve.runtimes import Runtime

WIDEST = 100_000
"""Numbers in the widest vector that is accepted."""


class CheckedRuntime:
    """The runtime `inner` of the student in `folder`; wrong results, and errors of its library, are an ArtifactError.

    It is used once when it is made, so that wrong graphs are refused before they are used. `heads` is the number of
    functions that the head compares; 0 if the student has no head.
    """

    def __init__(self, inner: Runtime, folder: Path, heads: int) -> None:
        self._inner, self._folder = inner, folder
        self.hidden_size = width = inner.hidden_size
        if type(width) is not int or not 1 <= width <= WIDEST:
            raise self._refusal(f"has vectors of the width {width}, not from 1 to {WIDEST:,}")
        ids = np.zeros((2, 3), np.int64)
        mask = np.array([[1, 1, 1], [1, 0, 0]], np.int64)
        vectors = self.encode(ids, mask)
        if heads:
            self.classify(*[vectors] * heads)

    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden), all finite."""
        return self._checked(partial(self._inner.encode, input_ids, attention_mask), (len(input_ids), self.hidden_size))

    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2), all finite."""
        return self._checked(partial(self._inner.classify, *vectors), (len(vectors[0]), 2))

    def _checked(self, compute: Callable[[], NDArray[np.float32]], shape: tuple[int, int]) -> NDArray[np.float32]:
        try:
            result = compute()
        except AvatarError:
            raise
        except Exception as error:  # those of ONNX Runtime and OpenVINO have no other common base class
            raise self._refusal(f"cannot be run: {str(error)[:500]}") from error
        if not isinstance(result, np.ndarray) or result.shape != shape or result.dtype != np.float32:
            kind = f"{result.dtype} {result.shape}" if isinstance(result, np.ndarray) else type(result).__name__
            raise self._refusal(f"gives {kind}, not float32 {shape}")
        if not np.isfinite(result).all():
            raise self._refusal("gives numbers that are not finite")
        return result

    def _refusal(self, problem: str) -> ArtifactError:
        return ArtifactError(f"the student in {self._folder} {problem}", "use a student that Avatar exported")
