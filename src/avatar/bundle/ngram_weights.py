"""The weights of an n-gram student in one small file, and the tables that are made from it.

A row of weights belongs to a feature of `avatar.code.ngrams`. Each of its values is -1, 0 or 1, times the row's scale
(ternary weights, Li and Liu 2016): five values fit in a byte. A function's vector has two blocks: `structure`, from
its features without names of variables, and `meaning`, from all others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from avatar.common.errors import ArtifactError

PER_BYTE = 5
"""Ternary values in one byte: 3 ** 5 = 243."""
LARGEST = 127
"""Largest scale; a row is stored with a whole number from 0 to this."""

_POWERS = 3 ** np.arange(PER_BYTE)


@dataclass(frozen=True)
class NgramWeights:
    """Digests of features, and their rows.

    `tags` (features,) are the upper 32 bits of each feature's digest. The first of them, in ascending order, are the
    features without names of variables: `structure` (structural, width) has their rows. The others follow, again in
    ascending order: `meaning` (others + buckets, width) has theirs, and then those of the buckets. Both are int8. A
    feature without a row has the row of its bucket, if its kind is in the reader's list of such kinds.
    """

    tags: NDArray[np.uint32]
    meaning: NDArray[np.int8]
    structure: NDArray[np.int8]

    @property
    def buckets(self) -> int:
        """Rows that features without an own row share."""
        return len(self.structure) + len(self.meaning) - len(self.tags)


def ternary(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """The nearest ternary table: signs (rows, width) and scales (rows,), from 0 to `LARGEST`.

    A value below 0.7 times its row's mean magnitude becomes 0. The scale is the mean magnitude of the others.
    """
    magnitude = np.abs(table)
    kept = magnitude > 0.7 * magnitude.mean(axis=1, keepdims=True)
    scales = (magnitude * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    signs = (np.sign(table) * kept).astype(np.int8)
    return signs, np.round(scales * (LARGEST / max(float(scales.max(initial=0)), 1e-12))).astype(np.uint8)


def packed(signs: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Signs (rows, width) as bytes (rows, ceil(width / 5))."""
    rows, width = signs.shape
    padded = np.zeros((rows, -(-width // PER_BYTE) * PER_BYTE), np.int64)
    padded[:, :width] = signs + 1
    return (padded.reshape(rows, -1, PER_BYTE) @ _POWERS).astype(np.uint8)


def unpacked(content: NDArray[np.uint8], width: int) -> NDArray[np.int8]:
    """The signs (rows, width) from bytes that `packed` returned."""
    values = (np.arange(3**PER_BYTE)[:, None] // _POWERS % 3 - 1).astype(np.int8)
    return values[content].reshape(len(content), -1)[:, :width]


def write_ngram_weights(
    path: Path, tags: NDArray[np.uint32], meaning: NDArray[np.float32], structure: NDArray[np.float32]
) -> None:
    """Write the weights; `meaning` (others + buckets, width) and `structure` (structural, width) become ternary."""
    content: dict[str, NDArray[np.generic]] = {"tags": tags.astype("<u4")}
    for name, table in (("meaning", meaning), ("structure", structure)):
        signs, scales = ternary(table)
        content |= {name: packed(signs), f"{name}_scales": scales, f"{name}_width": np.array([table.shape[1]], "<i4")}
    save_file(content, path)
    path.chmod(0o644)  # the library lets only the owner read it


def read_ngram_weights(path: Path) -> NgramWeights:
    """The weights in `path`; a file with missing or wrong parts is an ArtifactError."""
    try:
        content = load_file(path)
        tables = {name: _table(content, name) for name in ("meaning", "structure")}
        tags = content["tags"]
    except (SafetensorError, OSError, ValueError, KeyError, IndexError) as error:
        raise ArtifactError(f"{path} has no weights of an n-gram student: {error}", "copy the bundle again") from error
    structural = len(tables["structure"])
    ascending = all((np.diff(part.astype(np.int64)) > 0).all() for part in (tags[:structural], tags[structural:]))
    if not (tags.dtype == np.uint32 and tags.ndim == 1 and 0 <= len(tags) - structural <= len(tables["meaning"])):
        raise ArtifactError(f"the tables in {path} do not fit together", "copy the bundle again")
    if not ascending:
        raise ArtifactError(f"the tags in {path} are not in ascending order", "copy the bundle again")
    return NgramWeights(tags, tables["meaning"], tables["structure"])


def _table(content: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.int8]:
    rows, scales = content[name], content[f"{name}_scales"]
    width = int(content[f"{name}_width"].astype(np.int64)[0])
    if rows.dtype != np.uint8 or scales.dtype != np.uint8 or rows.shape != (len(scales), -(-width // PER_BYTE)):
        raise ValueError(f"{name} has the wrong shape or type")
    if (rows.size and int(rows.max()) >= 3**PER_BYTE) or (scales.size and int(scales.max()) > LARGEST):
        raise ValueError(f"{name} has a value that is out of range")
    return unpacked(rows.astype(np.uint8), width) * scales.astype(np.int8)[:, None]
