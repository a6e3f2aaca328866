"""A student that collapses on purpose is caught: it is trained again or loses, and log, report and MLflow name it."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.common.errors import DivergedError
from avatar.config.schema import Config, DistillConfig, SearchConfig
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_10_student, stage_11_finals
from avatar.pipeline.job import Job
from avatar.pipeline.run_job import run_job
from avatar.pipeline.stage_10_student import ATTEMPTS, TrainedStudent
from avatar.space.architecture import Architecture
from avatar.tracking.runs import Run

COLLAPSES, RECOVERS = 3.0, 0.1
"""Learning rates: at the first, each training collapses; at the second, only the first one does."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


def config(data: Path, folder: Path, rate: float | None, finalists: int = 1) -> Config:
    search = SearchConfig(evaluations=24, population=6, budget_mb=0.03, finalists=finalists)
    return small_job(data, folder, search=search, distill=DistillConfig(epochs=4, learning_rate=rate))


def architecture(**genes: object) -> Architecture:
    base = {
        "layers": 0,
        "hidden_size": 16,
        "vocab_size": 60,
        "tokenizer": "word",
        "heads": 2,
        "intermediate_size": 32,
        "max_length": 64,
        "pooling": "mean",
        "head": "interaction",
        "position": "none",
        "batch_size": 16,
        "learning_rate": 0.005,
        "hidden_dropout": 0.1,
    }
    return Architecture.from_dict({**base, **genes})


def trained(cfg: Config, brief: float | None = None, **genes: object) -> TrainedStudent:
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, data, stage_02_teacher.run(job, data))
    return stage_10_student.run(job, data, labels, architecture(**genes), "student", brief)


def test_a_collapsed_training_is_repeated_with_a_lower_learning_rate(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "avatar"):
        student = trained(config(data, tmp_path, RECOVERS))
    assert [bool(attempt.collapse) for attempt in student.attempts] == [True, False]
    assert student.kept == 1
    assert not student.collapsed
    assert student.score > 0.9  # the first one gives the same answer to all examples: 0.5
    assert "student: the training collapsed: from epoch 1 of 4 on, it gave the same answer" in caplog.text
    assert "trained again with another seed and the learning rate 0.033" in caplog.text
    assert "Training 2, with another seed and a learning rate 3 times lower, did not collapse" in student.sentence


def test_a_student_that_always_collapses_says_so(data: Path, tmp_path: Path) -> None:
    student = trained(config(data, tmp_path, COLLAPSES))
    assert student.collapsed
    assert student.collapses == ATTEMPTS == len(student.attempts)
    assert "All 3 trainings collapsed" in student.sentence
    assert "Do not trust this student" in student.sentence


def test_a_sound_training_is_left_alone(data: Path, tmp_path: Path) -> None:
    """One training, with the seed and the learning rate of the config."""
    student = trained(config(data, tmp_path, None), brief=0.5)
    assert (student.kept, student.collapses, student.sentence) == (0, 0, "")
    assert len(list((tmp_path / "artifacts" / "student").glob("*/manifest.json"))) == 1


def test_a_full_training_below_the_short_one_is_repeated(data: Path, tmp_path: Path) -> None:
    """With no epoch that learns anything, the score is far below the short one, although answers differ."""
    cfg = config(data, tmp_path, 1e-4)
    cfg.distill = replace(cfg.distill, epochs=1)
    student = trained(cfg, brief=1.0, vocab_size=80)
    assert all("of its short training by more than 3 standard errors" in one.collapse for one in student.attempts), (
        student.attempts
    )
    assert student.collapsed
    best = max(one.artifact.values["valid_score"] for one in student.attempts if one.artifact is not None)
    assert student.artifact.values["valid_score"] == best


def test_a_training_that_diverges_is_repeated(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distil, numbers = stage_10_student.distil, iter(range(10))

    def diverging(*arguments: object) -> object:
        if next(numbers) == 0:
            raise DivergedError("student: the training diverged", "lower the learning rate")
        return distil(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage_10_student, "distil", diverging)
    student = trained(config(data, tmp_path, None))
    assert (student.kept, student.collapsed) == (1, False)
    assert "training 1: it diverged" in student.sentence
    numbers = iter([0] * 10)
    with pytest.raises(DivergedError):
        trained(config(data, tmp_path, None), hidden_size=24)


def test_report_and_metrics_name_a_student_that_collapsed(data: Path, tmp_path: Path) -> None:
    outcome = run_job(config(data, tmp_path, COLLAPSES), Run())
    page = outcome.report.read_text()
    assert "All 3 trainings collapsed" in page
    assert "The short training of 3 of the 3 candidates collapsed" in page
    assert "All 3 trainings collapsed" in (outcome.bundle / "README.md").read_text()
    assert outcome.metrics["train/collapsed"] == 1
    assert outcome.metrics["train/collapses"] == 3
    assert outcome.metrics["train/candidate_collapses"] == 3


def test_a_finalist_that_collapsed_loses_whatever_its_score(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first finalist is marked as collapsed and gets a perfect score."""
    run = stage_10_student.run

    def marked(*arguments: object) -> TrainedStudent:
        student = run(*arguments)  # type: ignore[arg-type]
        if arguments[4] != "finalist 1":
            return student
        attempts = (replace(student.attempts[0], collapse="it gave the same answer to every example of valid"),)
        perfect = replace(student.judged, score=1.0, influence=np.zeros_like(student.judged.influence))
        return replace(student, judged=perfect, attempts=attempts)

    monkeypatch.setattr(stage_10_student, "run", marked)
    decided: list[stage_11_finals.Finals] = []
    decide = stage_11_finals.run

    def watched(*arguments: object) -> stage_11_finals.Finals:
        decided.append(decide(*arguments))  # type: ignore[arg-type]
        return decided[-1]

    monkeypatch.setattr(stage_11_finals, "run", watched)
    outcome = run_job(config(data, tmp_path, None, finalists=3), Run())
    (finals,) = decided
    assert len(finals.finalists) > 1
    assert finals.student is not finals.finalists[0]
    assert "(its training collapsed)" in finals.sentence
    assert "among those whose training did not collapse" in outcome.report.read_text()
    assert outcome.metrics["train/collapsed"] == 0
    assert outcome.metrics["train/collapses"] == 1
