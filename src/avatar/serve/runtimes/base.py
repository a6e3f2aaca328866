"""The interface of a runtime, which runs the two graphs of a bundle."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import Bundle
from avatar.common.cores import allowed_cores
from avatar.common.errors import ConfigError, DataError
from avatar.common.registry import Registry


class Runtime(Protocol):
    """A loaded student; safe to share between threads. `hidden_size` is a vector's length."""

    hidden_size: int

    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden) from ids and mask (functions, tokens), the mask 1 on tokens."""
        ...

    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2) from one array (examples, hidden) for each function of an example.

        A DataError if the student has no head.
        """
        ...


def no_head() -> DataError:
    """The error for logits of a student whose answer is the vector."""
    return DataError(
        "this student has no head: its answer for a function is a vector",
        "compare two vectors by their cosine, or use Predictor.clone_probability",
    )


Loader = Callable[[Bundle, str | None, int], Runtime]
"""Makes a runtime from a bundle, a precision (None: the bundle's default) and a number of threads (at least 1)."""

RUNTIMES: Registry[Loader] = Registry("runtime")


def load_runtime(name: str, bundle: Bundle, precision: str | None, threads: int) -> Runtime:
    """The runtime `name`; 0 `threads` means all cores that the process may use.

    "torch" is registered when `avatar.export` is imported.
    """
    if name == "torch" and name not in RUNTIMES.names():
        raise ConfigError(
            "the runtime 'torch' is not registered: avatar.serve never imports torch by itself",
            "import avatar.export first; if torch is missing: pip install 'avatar-code[train]'",
        )
    return RUNTIMES.get(name)(bundle, precision, threads or allowed_cores())
