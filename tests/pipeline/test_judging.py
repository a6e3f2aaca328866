"""Data sets with rare labels are scored by MCC or F1, from the choice of epochs to the threshold of the bundle."""

import json
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.bundle import read_bundle
from avatar.config.schema import DatasetConfig, TeacherConfig
from avatar.export import Int8Outcome
from avatar.measure.metrics import classification
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels
from avatar.pipeline.job import Job
from avatar.pipeline.run_job import Outcome, run_job
from avatar.serve.predictor import Predictor
from avatar.tracking.runs import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs; one in six is a clone."""
    folder = write_pairs(tmp_path_factory.mktemp("rare"), 360)
    for split in ("train_labeled", "train_unlabeled", "valid", "test"):
        rows = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]
        keep = [not row["label"] or row_number % 5 == 0 for row_number, row in enumerate(rows)]
        kept = [json.dumps(row) + "\n" for row, stays in zip(rows, keep, strict=True) if stays]
        (folder / f"{split}.jsonl").write_text("".join(kept))
        if split == "train_unlabeled":
            logits = np.load(folder / "logits.npy")[keep]
            np.save(folder / "logits.npy", logits - np.float32([0, 1.5]))  # a teacher that rarely answers 1
    return folder


@pytest.fixture(scope="module")
def outcome(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    dataset = DatasetConfig(name="pairs", root=str(data), language="python", metric="f1")
    return run_job(small_job(data, tmp_path_factory.mktemp("judged"), dataset=dataset), Run())


def test_the_bundle_answers_as_it_was_measured(outcome: Outcome, data: Path) -> None:
    config = read_bundle(outcome.bundle).config
    assert config.threshold == pytest.approx(outcome.metrics["decision/threshold"])
    assert config.threshold != 0.5
    rows = [json.loads(line) for line in (data / "test.jsonl").read_text().splitlines()]
    chances = Predictor(outcome.bundle, precision="fp32").predict([(row["code1"], row["code2"]) for row in rows])
    answers = (chances[:, 1] >= config.threshold).astype(np.int64)
    result = classification(np.array([row["label"] for row in rows]), answers)
    assert result.f1 == pytest.approx(outcome.metrics["test/f1"])
    assert result.f1 > 0.4


def test_the_report_names_the_metric(outcome: Outcome) -> None:
    page = outcome.report.read_text()
    assert "Students are compared by f1 (dataset.metric)" in page
    assert "On test the student&#39;s F1" in page or "On test the student's F1" in page
    assert "fitted on valid" in page
    assert outcome.metrics["baseline_constant_test/recall"] == 1.0  # the constant 1 has the better F1


@pytest.mark.parametrize("metric", [pytest.param("accuracy", marks=pytest.mark.slow), "mcc"])
def test_teacher_candidates_and_student_keep_the_epoch_with_the_best_score(
    data: Path, tmp_path: Path, metric: str
) -> None:
    dataset = DatasetConfig(name="pairs", root=str(data), language="python", metric=metric)
    teacher = TeacherConfig(
        max_length=32, encoder_layers=1, trainable_layers=0, pooling="mean", epochs=5, learning_rate=3e-2, timing="none"
    )
    cfg = small_job(data, tmp_path, dataset=dataset, teacher=teacher)
    cfg.distill.epochs = cfg.surrogate.epochs = 5
    cfg.distill.patience = 9
    run_job(cfg, Run())
    for stage in ("teacher", "candidate", "student"):
        for path in (tmp_path / "artifacts" / stage).glob("*/manifest.json"):
            result = json.loads(path.read_text())["values"]
            scores = [epoch["valid/score"] for epoch in result["history"]]
            accuracies = [epoch["valid/accuracy"] for epoch in result["history"]]
            assert (scores == accuracies) == (metric == "accuracy"), stage
            assert result.get("best_epoch", int(np.argmax(scores))) == int(np.argmax(scores))
            assert result.get("valid_score", max(scores)) == pytest.approx(max(scores))


@pytest.mark.slow
def test_baselines_get_the_labels_of_the_student(data: Path, tmp_path: Path) -> None:
    """Labels for TF-IDF come from the teacher's fitted threshold, not from 0.5, where it rarely answers 1."""
    dataset = DatasetConfig(name="pairs", root=str(data), language="python", metric="mcc")
    teacher = TeacherConfig(max_length=32, encoder_layers=1, trainable_layers=0, pooling="mean", timing="none")
    cfg = small_job(data, tmp_path, dataset=dataset, teacher=teacher)
    job = Job.of(cfg)
    corpus_data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, corpus_data, stage_02_teacher.run(job, corpus_data))
    assert labels.decision.threshold < 0.5
    argmax, decided = labels.soft.argmax(1), labels.decision.labels(labels.soft)
    assert decided.sum() > argmax.sum()
    outcome = run_job(cfg, Run())
    assert outcome.metrics["baseline_tfidf_test/recall"] > 0


def test_int8_is_judged_by_the_metric_of_the_set() -> None:
    outcome = Int8Outcome(False, 0.3, 0.35, 0.9, 100, 0.002, "mcc")
    assert "its mcc on 100 valid examples is 0.300, that of fp32 0.350" in outcome.sentence
    assert "at most 0.002 is allowed" in outcome.sentence
