"""Whole small jobs with students that read n-gram features: functions, pairs and groups of clones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_stage import brief_timing
from jobs import VERBS, groups_job, small_job, write_groups, write_pairs

from avatar.bundle import read_bundle
from avatar.checks.preflight import problems_of
from avatar.config.schema import Config, DatasetConfig, DistillConfig, GeneConfig, SearchSpaceConfig
from avatar.pipeline import stage_01_dataset
from avatar.pipeline.job import Job
from avatar.pipeline.run_job import run_job
from avatar.pipeline.stage_04_tokens import tokenized
from avatar.serve.predictor import Predictor
from avatar.tracking.runs import Run

SPACE = SearchSpaceConfig(
    name="ngrams",
    genes={
        "tokenizer": GeneConfig(choices=["ngrams", "shapes"]),
        "vocab_size": GeneConfig(low=60, high=240, step=20),
        "hidden_size": GeneConfig(low=8, high=16, step=8),
        "pooling": GeneConfig(choices=["mean", "max", "attention"]),
        "wide": GeneConfig(choices=[0, 1]),
    },
    fixed={
        "layers": 0,
        "max_length": 128,
        "head": "interaction",
        "position": "none",
        "batch_size": 16,
        "learning_rate": 0.01,
        "hidden_dropout": 0.1,
    },
)


def write_functions(folder: Path) -> Path:
    """Functions of which those that call `free` twice are vulnerable, and recorded logits of a teacher."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)

    def function(label: int) -> str:
        name = "".join(random.choice(list("abcdefgh"), 4))
        call = f"    free({name});\n" if label else ""
        return f"int {random.choice(VERBS)}(int {name}) {{\n{call}    free({name});\n    return {name};\n}}\n"

    for split, count in (("train_labeled", 60), ("train_unlabeled", 240), ("valid", 40), ("test", 40)):
        rows = [{"code": function(number % 2), "label": number % 2} for number in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if split == "train_unlabeled":
            signs = np.asarray([2.0 * row["label"] - 1 for row in rows], dtype=np.float32)
            np.save(folder / "logits.npy", np.stack([-2 * signs, 2 * signs], axis=1))
    return folder


def functions_job(folder: Path) -> Config:
    data = write_functions(folder / "data")
    dataset, recipe = DatasetConfig(name="samples", root=str(data), language="c"), DistillConfig(epochs=8, average=0.9)
    cfg = small_job(data, folder, dataset=dataset, distill=recipe)
    return replace(cfg, search_space=replace(SPACE, genes={**SPACE.genes, "wide": GeneConfig(choices=[1])}))


def run(cfg: Config) -> tuple[dict[str, float], Path]:
    assert problems_of(cfg) == []
    with brief_timing():
        outcome = run_job(cfg, Run())
    return outcome.metrics, outcome.bundle


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], Path, Path]:
    folder = tmp_path_factory.mktemp("functions")
    metrics, bundle = run(functions_job(folder))
    return metrics, bundle, folder


def test_functions_are_learned_and_measured(functions: tuple[dict[str, float], Path, Path]) -> None:
    metrics, bundle, _ = functions
    assert metrics["test/accuracy"] > 0.9
    assert metrics["compute/gflops"] == pytest.approx(metrics["compute/gflops_thop"], rel=0.01, abs=1e-9)
    for name in ("latency/student_ms_p50", "size/params", "robustness/flip_rate_reformat"):
        assert metrics[name] >= 0
    assert metrics["robustness/flip_rate_reformat"] == 0  # layout is no feature
    genes = read_bundle(bundle).config.architecture
    assert genes["wide"] == 1
    assert genes["tokenizer"] in ("ngrams", "shapes")


def test_the_bundle_answers_and_can_be_evaluated(functions: tuple[dict[str, float], Path, Path]) -> None:
    metrics, bundle, folder = functions
    predictor = Predictor(bundle)
    rows = [json.loads(line) for line in (folder / "data" / "test.jsonl").read_text().splitlines()]
    labels = predictor.label(predictor.predict([row["code"] for row in rows]))
    right = [label == predictor.config.labels[row["label"]] for label, row in zip(labels, rows, strict=True)]
    assert np.mean(right) == pytest.approx(metrics["test/accuracy"], abs=0.03)  # int8 may differ in one answer


def test_the_language_is_in_the_key_of_tokens_that_depend_on_it(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 8)
    keys: dict[str, set[str]] = {"ngrams": set(), "word": set()}
    for language in ("python", "c"):
        job = Job.of(small_job(data, tmp_path, dataset=DatasetConfig(name="pairs", root=str(data), language=language)))
        corpus = stage_01_dataset.run(job)
        for kind, found in keys.items():
            found.add(tokenized(job, replace(corpus, key="same"), kind, 80).key)
    assert {kind: len(found) for kind, found in keys.items()} == {"ngrams": 2, "word": 1}


@pytest.mark.slow
def test_pairs(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 240)
    metrics, bundle = run(small_job(data, tmp_path, search_space=SPACE, distill=DistillConfig(epochs=16, average=0.9)))
    assert metrics["test/accuracy"] > 0.8
    config = read_bundle(bundle).config
    assert config.architecture["wide"] == 0  # the weights are for single functions
    assert config.symmetric


def test_groups_of_clones_start_from_the_installed_student(tmp_path: Path) -> None:
    data = write_groups(tmp_path / "data")
    cfg = groups_job(data, tmp_path, search_space=SPACE)
    metrics, bundle = run(replace(cfg, distill=replace(cfg.distill, init="default")))
    assert metrics["test/map_at_r"] > 0.3
    vectors = Predictor(bundle).encode(["int f(int a) { return a; }", "int g(int b) { return b; }"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_space_with_layers_for_features_is_refused(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 20)
    fixed: dict[str, Any] = {**SPACE.fixed, "layers": 1}
    (problem, *_) = problems_of(small_job(data, tmp_path, search_space=replace(SPACE, fixed=fixed)))
    assert "no architecture of the search space 'ngrams' is allowed" in problem
    assert "need layers 0, window 1 and position none" in problem
