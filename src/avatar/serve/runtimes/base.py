"""What a runtime is: something that runs the two graphs of a bundle."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import Bundle
from avatar.common.cores import allowed_cores
from avatar.common.errors import ConfigError
from avatar.common.registry import Registry


class Runtime(Protocol):
    """A student that is loaded and ready; safe to share between threads. `hidden_size` is a vector's width."""

    hidden_size: int

    def encode(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors (functions, hidden) from ids and mask (functions, tokens), the mask 1 on tokens."""
        ...

    def classify(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (examples, 2) from one array (examples, hidden) for each function of an example."""
        ...


Loader = Callable[[Bundle, str | None, int], Runtime]
"""Makes a runtime of a bundle, a precision (None: the bundle's default) and a number of threads, from 1 on."""

RUNTIMES: Registry[Loader] = Registry("runtime")


def load_runtime(name: str, bundle: Bundle, precision: str | None, threads: int) -> Runtime:
    """The runtime called `name`; 0 `threads` are all cores that the process may use.

    "torch" is known once `avatar.export` was imported.
    """
    if name == "torch" and name not in RUNTIMES.names():
        raise ConfigError(
            "the runtime 'torch' is not loaded: what serves a bundle never imports torch by itself",
            "import avatar.export first (it needs the extra: pip install 'avatar-code[train]')",
        )
    return RUNTIMES.get(name)(bundle, precision, threads or allowed_cores())
