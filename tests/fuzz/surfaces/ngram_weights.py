"""The weights of an n-gram student in a bundle with a correct manifest."""

import json
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import strategies as st
from mutation import changed_bytes, changed_json, dumps, mutated, randoms
from safetensors.numpy import load, save
from surface import Harness, Surface

from surfaces._bundles import ngram_bundle, signed, use

WEIGHTS = "ngrams.safetensors"
TYPES = ("u1", "i1", "u4", "i4", "i8", "f4", "f8", "f2", "?")
LENGTH = 8
"""Bytes of the length of the header."""


def changed_array(values: np.ndarray, random: Random) -> np.ndarray:
    """An array of another type, shape or content."""
    kind = random.randrange(7)
    if kind == 0 or not values.shape:
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(random.choice(TYPES))
    if kind == 1:
        return values[: random.randrange(len(values) + 1)]
    if kind == 2:
        return random.choice((values[None], values.reshape(-1), values[..., None], values[0], np.zeros_like(values)))
    if kind == 3:
        return np.concatenate([values, values[:1]])
    if kind == 4:
        return values[::-1].copy()
    changed = values.copy()
    value = np.array(random.choice((0, 1, 127, 128, 242, 243, 255)))
    changed.reshape(-1)[random.randrange(values.size)] = value.astype(values.dtype)
    return changed


def make(folder: Path) -> Harness:
    """Each input is the content of the file."""
    bundle = ngram_bundle(folder / "ngrams")
    valid = (bundle / WEIGHTS).read_bytes()

    def one(random: Random) -> bytes:
        kind = random.randrange(4)
        if kind < 2:
            arrays = dict(sorted(load(valid).items()))  # the library returns them in any order
            for _ in range(random.choice((1, 1, 2))):
                name = random.choice([*arrays])
                if arrays[name].size and random.random() < 0.95:
                    arrays[name] = changed_array(arrays[name], random)
                else:
                    del arrays[name]
            return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        if kind == 2:
            end = LENGTH + int.from_bytes(valid[:LENGTH], "little")
            header = dumps(mutated(json.loads(valid[LENGTH:end]), random, changed_json))
            return len(header).to_bytes(LENGTH, "little") + header + valid[end:]
        return mutated(valid, random, changed_bytes)

    def run(content: bytes) -> None:
        signed(bundle, {WEIGHTS: content})
        use(bundle)

    return Harness(st.builds(one, randoms()), run)


SURFACE = Surface("weights of an n-gram bundle", make, short=120)
