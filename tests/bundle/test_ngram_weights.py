"""The weights of n-gram students: what is written is read, and nothing wrong is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load_file, save_file

from avatar.bundle.ngram_weights import packed, read_ngram_weights, ternary, unpacked, write_ngram_weights
from avatar.common.errors import ArtifactError


@given(arrays(np.int8, st.tuples(st.integers(1, 20), st.integers(1, 33)), elements=st.integers(-1, 1)))
def test_packing_loses_nothing(signs: np.ndarray) -> None:
    assert (unpacked(packed(signs), signs.shape[1]) == signs).all()


def written(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    tags = np.array([1, 5, 9, 2, 7], np.uint32)
    path = folder / "weights.safetensors"
    write_ngram_weights(path, tags, rng.normal(size=(5, 12)).astype("f4"), rng.normal(size=(3, 7)).astype("f4"))
    return path


def test_a_ternary_table_points_in_the_same_direction(tmp_path: Path) -> None:
    table = np.random.default_rng(1).normal(size=(200, 256)).astype(np.float32) * np.linspace(0.1, 2, 200)[:, None]
    signs, scales = ternary(table)
    near = signs * scales[:, None].astype(np.float64)
    cosines = (near * table).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(table, axis=1)
    assert cosines.min() > 0.85  # of normally distributed values, ternary ones keep 0.9
    assert np.corrcoef(scales, np.linalg.norm(table, axis=1))[0, 1] > 0.99


def test_what_is_written_is_read(tmp_path: Path) -> None:
    weights = read_ngram_weights(written(tmp_path))
    assert weights.tags.tolist() == [1, 5, 9, 2, 7]
    assert weights.meaning.shape == (5, 12)
    assert weights.structure.shape == (3, 7)
    assert weights.buckets == 3


@pytest.mark.parametrize("name", ["tags", "meaning", "meaning_scales", "structure_width"])
def test_a_missing_part_is_one_clear_error(tmp_path: Path, name: str) -> None:
    path = written(tmp_path)
    content = load_file(path)
    del content[name]
    save_file(content, path)
    with pytest.raises(ArtifactError, match="has no weights of an n-gram student"):
        read_ngram_weights(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meaning", np.full((5, 3), 250, np.uint8)),
        ("meaning", np.zeros((5, 2), np.uint8)),
        ("meaning_scales", np.full(5, 200, np.uint8)),
        ("structure_width", np.array([-4], np.int32)),
        ("tags", np.array([5, 1, 9, 2, 7], np.uint32)),
        ("tags", np.arange(20, dtype=np.uint32)),
    ],
)
def test_a_wrong_part_is_one_clear_error(tmp_path: Path, name: str, value: np.ndarray) -> None:
    path = written(tmp_path)
    save_file({**load_file(path), name: value}, path)
    with pytest.raises(ArtifactError):
        read_ngram_weights(path)


def test_no_safetensors_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(ArtifactError):
        read_ngram_weights(path)
