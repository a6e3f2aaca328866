"""Bundles of students whose answer is a vector: the vectors of torch, no head, and probabilities by the pair head."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.bundle import CONFIG, HEAD, read_bundle, write_manifest
from avatar.common.errors import ArtifactError, DataError
from avatar.data.records import Task
from avatar.data.tokenizers import encode_texts
from avatar.export import VectorTrial
from avatar.serve import Predictor
from students import PAIR_HEAD, TEXTS, tiny_architecture, tiny_bundle, tiny_student, tiny_tokenizer

BAG = {"layers": 0, "position": "none"}
GENES: list[dict[str, object]] = [
    {"pooling": "mean", "layers": 1},
    {**BAG, "pooling": "max"},
    {**BAG, "pooling": "max", "window": 3},
    {**BAG, "pooling": "attention", "embedding_size": 8},
    {"pooling": "first", "position": "relative_key"},
]


@pytest.mark.parametrize("genes", GENES, ids=str)
@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_vectors_are_those_of_torch_and_have_length_1(tmp_path: Path, genes: dict[str, object], runtime: str) -> None:
    tiny_bundle(tmp_path / "b", Task.EMBEDDING, **genes)
    model = tiny_student(tiny_architecture(**genes), Task.EMBEDDING)
    rows = encode_texts(tiny_tokenizer(), TEXTS, model.arch.max_length)
    with torch.inference_mode():
        expected = np.concatenate(
            [model.encode(torch.tensor([row]), torch.ones(1, len(row), dtype=torch.int64)).numpy() for row in rows]
        )
    predictor = Predictor(tmp_path / "b", runtime=runtime)
    actual = predictor.encode(TEXTS)
    assert predictor.hidden_size == expected.shape[1]
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(actual, axis=1), 1, atol=1e-5)
    if genes["pooling"] != "first":
        assert np.ptp(actual @ actual.T) > 0.01, "all vectors equal: the comparison would prove nothing"
    with pytest.raises(DataError, match="no head"):
        predictor.logits(actual, actual)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedding") / "b"
    tiny_bundle(folder, Task.EMBEDDING, languages=("java", "python"), **GENES[0])
    return folder


def test_there_is_no_head_and_the_config_has_the_pair_head(bundle: Path) -> None:
    read = read_bundle(bundle)
    assert HEAD not in read.digests
    assert not (bundle / HEAD).exists()
    assert read.config.pair_head == PAIR_HEAD
    assert (read.config.task, read.config.arity, read.config.labels) == ("embedding", 2, ("different", "clone"))
    assert read.config.symmetric


def test_bundles_of_other_tasks_can_be_read_by_older_versions(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR)
    assert "pair_head" not in json.loads((tmp_path / "b" / CONFIG).read_text())
    assert HEAD in read_bundle(tmp_path / "b").digests


def test_probabilities_use_cosine_lengths_and_languages(bundle: Path) -> None:
    predictor = Predictor(bundle)
    first, second = "def f(a):\n    return a + 1\n", TEXTS[3]
    vectors = predictor.encode([first, second])
    cosine = float(vectors[0] @ vectors[1])
    ratio = abs(np.log(len(predictor.text(first)) / len(predictor.text(second))))
    for languages, foreign in ((["python", "python"], 0), (["python", "java"], 1), ([None, "java"], 0)):
        log_odds = -9 + 4 * max(0, cosine) + 20 * max(0, cosine - 0.5) - 0.5 * ratio - foreign
        answer = predictor.answer([[first, second]], languages).probabilities
        assert answer[0].tolist() == pytest.approx(
            [1 - 1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(-log_odds))], abs=1e-4
        )
    same = predictor.clone_probability(vectors[:1], vectors[:1])
    assert same[0] == pytest.approx(1 / (1 + np.exp(-(-9 + 4 + 10))), abs=1e-3)
    assert predictor.compare(vectors[:1], vectors[:1])[0, 1] == pytest.approx(same[0])
    assert predictor.label(np.array([[0.1, 0.9]])) == ["clone"]


def test_nothing_in_nothing_out_and_unequal_sides_are_refused(bundle: Path) -> None:
    predictor = Predictor(bundle)
    assert predictor.predict([]).shape == (0, 2)
    assert predictor.encode([]).shape == (0, predictor.hidden_size)
    with pytest.raises(DataError, match="1 and 2 vectors"):
        predictor.compare(predictor.encode(["a"]), predictor.encode(["a", "b"]))
    with pytest.raises(DataError, match="example 0 has 1 function"):
        predictor.predict(["a"])


def test_a_student_of_pairs_has_no_calibrated_head(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR)
    predictor = Predictor(tmp_path / "b")
    vectors = predictor.encode(TEXTS[:1])
    with pytest.raises(DataError, match="no calibrated head"):
        predictor.clone_probability(vectors, vectors)


@pytest.mark.parametrize("tolerance", [1.0, -1.0])
def test_int8_is_judged_by_the_vectors(tmp_path: Path, tolerance: float) -> None:
    groups = np.arange(len(TEXTS)) // 2
    trial = VectorTrial(TEXTS, groups, [""] * len(TEXTS), tolerance, alone=True)
    check = tiny_bundle(tmp_path / "b", Task.EMBEDDING, int8=trial, **GENES[2])
    assert check.int8 is not None
    assert check.int8.kept is (tolerance > 0)
    assert check.int8.score == pytest.approx(check.int8.fp32_score, abs=0.1)
    assert 0.5 < check.int8.agreement <= 1
    assert "map_at_r" in check.int8.sentence
    assert read_bundle(tmp_path / "b").precisions == (("int8",) if tolerance > 0 else ("fp32",))
    assert Predictor(tmp_path / "b").encode(TEXTS[:2]).shape[0] == 2


def test_a_bundle_without_its_pair_head_is_refused(bundle: Path, tmp_path: Path) -> None:
    for name, change, problem in (
        ("missing", {}, "pair_head is missing"),
        ("kind", {"pair_head": {"knots": []}}, "not an object with"),
        ("value", {"pair_head": {**PAIR_HEAD.as_dict(), "slopes": [-1.0, 1.0]}}, "not at least 0"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        for path in bundle.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        config = json.loads((folder / CONFIG).read_text())
        del config["pair_head"]
        (folder / CONFIG).write_text(json.dumps({**config, **change}))
        write_manifest(folder)
        with pytest.raises(ArtifactError, match=problem):
            read_bundle(folder)


def test_the_export_needs_a_pair_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("students.PAIR_HEAD", None)
    with pytest.raises(ArtifactError, match="pair_head is missing"):
        tiny_bundle(tmp_path / "b", Task.EMBEDDING, **GENES[0])
