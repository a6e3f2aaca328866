"""One seed, many independent streams."""

import hashlib
import os
import random

import numpy as np


def derive_seed(seed: int, *names: object) -> int:
    """A 31-bit seed for the stream with these `names`, so that stages do not share random numbers."""
    text = ":".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def generator(seed: int, *names: object) -> np.random.Generator:
    """A numpy generator for the stream with these `names`."""
    return np.random.default_rng(derive_seed(seed, *names))


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch; make cuBLAS deterministic."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
