"""A small store with an artifact of every stage, and the job that reuses all of it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jobs import small_job

from avatar.config.schema import Config, DistillConfig, MeasureConfig, SearchConfig, TeacherConfig
from avatar.pipeline import (
    stage_01_dataset,
    stage_02_teacher,
    stage_03_labels,
    stage_05_latency,
    stage_09_search,
    stage_10_student,
)
from avatar.pipeline.job import Job
from avatar.pipeline.run_job import Outcome, run_job
from avatar.space.architecture import Architecture
from avatar.tracking.runs import Run

ARCH = Architecture(
    tokenizer="word",
    vocab_size=80,
    layers=0,
    hidden_size=8,
    max_length=32,
    pooling="max",
    head="interaction",
    position="none",
    batch_size=16,
    learning_rate=5e-3,
)


@contextmanager
def brief_timing() -> Iterator[None]:
    """Inside the block, architectures are timed for a second instead of 13."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_05_latency, "SECONDS", 1.0)
        patch.setattr(stage_09_search, "TIMING_SECONDS", 0.2)
        yield


def whole_job(data: Path, folder: Path) -> Config:
    """A job with two rounds, two finalists, copies, and a teacher whose encoder is not trained."""
    return small_job(
        data,
        folder,
        teacher=TeacherConfig(
            max_length=32, encoder_layers=1, trainable_layers=0, pooling="mean", epochs=1, timing="none"
        ),
        search=SearchConfig(
            evaluations=24, population=6, budget_mb=0.03, rounds=2, candidates_per_round=1, finalists=2
        ),
        distill=DistillConfig(epochs=2, average=0.9, copies=1, init="default"),
        measure=MeasureConfig(warmup=1, examples=4, teacher_examples=2, energy=False, robustness_examples=4),
    )


def related_job(data: Path, folder: Path) -> Config:
    """A job whose teacher is trained, and whose students learn its distances of functions."""
    teacher = TeacherConfig(max_length=32, encoder_layers=1, trainable_layers=1, pooling="mean", epochs=1)
    return small_job(data, folder, teacher=teacher, distill=DistillConfig(epochs=1, relations=1.0))


def run_related(cfg: Config) -> None:
    """The stages of `related_job` up to one student."""
    job = Job.of(cfg)
    with job.store.blames_damage():  # as run_job does
        data = stage_01_dataset.run(job)
        labels = stage_03_labels.run(job, data, stage_02_teacher.run(job, data))
        stage_10_student.run(job, data, labels, ARCH)


def run_whole(data: Path, folder: Path) -> Outcome:
    """Run `whole_job`."""
    with brief_timing():
        return run_job(whole_job(data, folder), Run())


def make_every_stage(data: Path, folder: Path) -> Outcome:
    """Make the store in `folder`; returns the result of `whole_job`."""
    outcome = run_whole(data, folder)
    run_related(related_job(data, folder))
    return outcome


def copy_store(folder: Path, target: Path) -> Path:
    """A copy of the store with its times."""
    shutil.copytree(folder / "artifacts", target / "artifacts")
    return target


def same_results(one: Outcome, other: Outcome) -> bool:
    """Whether all results are equal; measured times and the size of the report's text are no results."""
    measured = ("latency/", "energy/", "size/bundle_mb")
    kept = [
        {name: round(value, 6) for name, value in outcome.metrics.items() if not name.startswith(measured)}
        for outcome in (one, other)
    ]
    return kept[0] == kept[1]
