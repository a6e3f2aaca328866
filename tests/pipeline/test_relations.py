"""Students that also learn the distances of functions from a teacher's vectors."""

from pathlib import Path

import numpy as np
import pytest
from every_stage import ARCH
from jobs import small_job, write_pairs

from avatar.checks.preflight import check
from avatar.code.dataflow import data_flow
from avatar.common.errors import ConfigError
from avatar.config.schema import DistillConfig, TeacherConfig
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_10_student import TrainedStudent
from tiny_roberta import tiny_roberta


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"), 60)


def student(data: Path, folder: Path, relations: float, layers: int) -> tuple[Labels, TrainedStudent, Job]:
    teacher = TeacherConfig(max_length=32, encoder_layers=1, trainable_layers=layers, pooling="mean", epochs=1)
    cfg = small_job(data, folder, teacher=teacher, distill=DistillConfig(epochs=3, relations=relations))
    job = Job.of(cfg)
    corpus_data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, corpus_data, stage_02_teacher.run(job, corpus_data))
    if labels.vectors is not None:
        assert (np.abs(labels.vectors[corpus_data.training_rows]).sum(axis=1) > 0).all()
    return labels, stage_10_student.run(job, corpus_data, labels, ARCH), job


@pytest.mark.parametrize("layers", [0, 1])
def test_relations_change_what_a_student_learns(data: Path, tmp_path: Path, layers: int) -> None:
    labels, plain, _ = student(data, tmp_path, 0.0, layers)
    assert labels.vectors is None
    labels, related, _ = student(data, tmp_path, 5.0, layers)
    assert labels.vectors is not None
    before, after = (one.model.tokens.weight.detach().numpy() for one in (plain, related))
    assert not np.allclose(before, after)


def test_a_frozen_teacher_reads_each_function_once_for_all_seeds(data: Path, tmp_path: Path) -> None:
    _, _, job = student(data, tmp_path, 0.0, 0)
    job.cfg.seed = 7
    corpus_data = stage_01_dataset.run(job)
    before = list((tmp_path / "artifacts" / "vectors").glob("*/manifest.json"))
    stage_02_teacher.run(job, corpus_data)
    assert list((tmp_path / "artifacts" / "vectors").glob("*/manifest.json")) == before
    assert len(before) == 1


def test_recorded_predictions_have_no_vectors(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kind 'predictions' has no vectors"):
        check(small_job(data, tmp_path, distill=DistillConfig(relations=1.0)))


@pytest.mark.parametrize("layers", [0, None])
def test_a_job_learns_from_a_teacher_that_reads_the_data_flow(data: Path, tmp_path: Path, layers: int | None) -> None:
    model = str(tiny_roberta(tmp_path / "roberta"))
    teacher = TeacherConfig(
        kind="data_flow", model=model, max_length=60, data_flow_length=20, trainable_layers=layers, epochs=1
    )
    cfg = small_job(data, tmp_path, teacher=teacher, distill=DistillConfig(epochs=1, relations=1.0))
    job = Job.of(cfg)
    corpus_data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, corpus_data, stage_02_teacher.run(job, corpus_data))
    assert labels.soft is not None
    assert np.isfinite(labels.soft).all()
    assert labels.vectors is not None
    rows = corpus_data.training_rows
    assert (np.abs(labels.vectors[rows]).sum(axis=1) > 0).all()
    flows = [data_flow(corpus_data.texts[row], corpus_data.languages[row]) for row in rows]
    assert any(flow is not None and flow.edges for flow in flows)
