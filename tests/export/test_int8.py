import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from avatar.bundle import MANIFEST, PRECISIONS, README, read_bundle
from avatar.common.errors import ArtifactError
from avatar.data.records import Task
from avatar.export import Int8Trial, int8
from avatar.export.int8 import dequantised, dequantised_state, quantised, quantised_state
from avatar.serve import Predictor
from students import TEXTS, tiny_bundle, tiny_trial

MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(-1e3, 1e3, width=32))


@given(MATRICES)
@example(np.array([[1e-44, -1e-45], [1e-38, 2e-37]], np.float32))
def test_a_row_loses_at_most_half_a_step(matrix: np.ndarray) -> None:
    values, scales = quantised(matrix)
    step = np.abs(matrix).max(axis=1, keepdims=True) / 127
    assert values.dtype == np.int8
    assert (np.abs(dequantised(values, scales) - matrix) <= 0.5001 * step + 1e-6 * np.abs(matrix) + 1e-35).all()
    assert (dequantised(values, scales)[matrix == 0] == 0).all()


def test_a_state_comes_back_with_its_names() -> None:
    random = np.random.default_rng(0)
    state = {"table": random.normal(size=(50, 16)).astype(np.float32), "bias": np.ones(16, np.float32)}
    stored = quantised_state(state)
    assert stored["table"].dtype == np.int8
    back = dequantised_state(stored)
    assert set(back) == set(state)
    np.testing.assert_array_equal(back["bias"], state["bias"])
    np.testing.assert_allclose(back["table"], state["table"], atol=0.02)


def test_kept_beside_fp32_and_smaller(tmp_path: Path) -> None:
    check = tiny_bundle(tmp_path / "b", Task.PAIR, int8=tiny_trial(Task.PAIR), vocab_size=4000)
    assert check.int8 is not None
    assert check.int8.kept
    bundle = read_bundle(tmp_path / "b")
    assert bundle.precisions == ("fp32", "int8")
    weights = [bundle.path(PRECISIONS[name].weights).stat().st_size for name in ("fp32", "int8")]
    assert weights[1] < 0.31 * weights[0]
    graphs = [bundle.path(name).stat().st_size for name in PRECISIONS["int8"].names[:2]]
    assert sum(graphs) < 50_000, "the weights are stored twice"
    card = (tmp_path / "b" / README).read_text()
    assert check.int8.sentence in card
    assert f"| model.int8.safetensors | {weights[1]:,} |" in card


def test_alone_is_the_smallest_folder(tmp_path: Path) -> None:
    trial = tiny_trial(Task.FUNCTION, alone=True)
    check = tiny_bundle(tmp_path / "b", Task.FUNCTION, int8=trial, vocab_size=4000)
    both = tiny_bundle(tmp_path / "both", Task.FUNCTION, int8=tiny_trial(Task.FUNCTION), vocab_size=4000)
    assert check.size_bytes < both.size_bytes - 4 * 4000 * 24
    assert read_bundle(tmp_path / "b").precisions == ("int8",)
    assert {path.name for path in (tmp_path / "b").iterdir()} == {*read_bundle(tmp_path / "b").digests, MANIFEST}
    np.testing.assert_array_equal(
        Predictor(tmp_path / "b").predict(TEXTS), Predictor(tmp_path / "both", precision="int8").predict(TEXTS)
    )


@pytest.mark.parametrize("alone", [False, True])
def test_left_out_where_accuracy_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    tiny_bundle(tmp_path / "sound", Task.PAIR)
    examples = tiny_trial(Task.PAIR).examples
    truth = Predictor(tmp_path / "sound").predict(examples)[:, 1] >= 0.5
    assert 0.1 < truth.mean() < 0.9
    monkeypatch.setattr(int8, "LEVELS", 1)  # weights of -1, 0 and 1 alone
    trial = Int8Trial(examples, truth.astype(int), tolerance=0.05, alone=alone)
    check = tiny_bundle(tmp_path / "b", Task.PAIR, int8=trial)
    assert check.int8 is not None
    assert not check.int8.kept
    assert check.int8.fp32_score == 1
    assert check.int8.score < 0.95
    assert check.int8.agreement == check.int8.score
    bundle = read_bundle(tmp_path / "b")
    assert bundle.precisions == ("fp32",)
    assert not [name for name in PRECISIONS["int8"].names if bundle.path(name).exists()]
    card = bundle.path(README).read_text()
    assert "left out" in card
    assert "model.int8.safetensors" not in card


def test_the_bound_counts_examples_not_rounding(tmp_path: Path) -> None:
    trial = tiny_trial(Task.PAIR, tolerance=0.0)
    check = tiny_bundle(tmp_path / "b", Task.PAIR, int8=trial).int8
    assert check is not None
    assert check.kept == (check.score >= check.fp32_score)
    assert check.examples == len(TEXTS)


def test_labels_must_fit_the_examples(tmp_path: Path) -> None:
    for examples, labels in ((TEXTS, [1]), ([], [])):
        with pytest.raises(ArtifactError, match="cannot be judged"):
            tiny_bundle(tmp_path / "b", Task.FUNCTION, int8=Int8Trial(examples, np.array(labels)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", PRECISIONS["int8"].names)
def test_a_damaged_int8_file_is_refused_whatever_is_loaded(tmp_path: Path, name: str) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR, int8=tiny_trial(Task.PAIR))
    path = tmp_path / "b" / name
    content = path.read_bytes()
    for damaged in (content[:-1], content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(damaged)
        for precision in ("fp32", "int8"):
            with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
                Predictor(tmp_path / "b", precision=precision)


def test_manifest_lists_every_file(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR, int8=tiny_trial(Task.PAIR))
    listed = json.loads((tmp_path / "b" / MANIFEST).read_text())["files"]
    assert {*listed, MANIFEST} == {path.name for path in (tmp_path / "b").iterdir()}
