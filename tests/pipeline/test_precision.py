"""Mixed precision: every kind of student can be trained with it, and an unsupported precision is an error at once."""

from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.checks.preflight import problems_of
from avatar.common.errors import ConfigError
from avatar.config import checks
from avatar.config.problems import refuse
from avatar.config.schema import Config, TrainerConfig
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_10_student
from avatar.pipeline.job import Job
from avatar.space.architecture import Architecture

BAG = Architecture(
    tokenizer="word",
    vocab_size=80,
    layers=0,
    hidden_size=16,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    max_length=64,
    position="none",
    learning_rate=0.01,
    batch_size=16,
    pooling="max",
    head="interaction",
    window=3,
)
LAYER = Architecture(
    tokenizer="word",
    vocab_size=80,
    layers=1,
    hidden_size=16,
    heads=2,
    intermediate_size=32,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    max_length=64,
    position="absolute",
    learning_rate=0.01,
    batch_size=16,
    pooling="mean",
    head="interaction",
)


@pytest.mark.parametrize("arch", [BAG, LAYER], ids=["bag", "layer"])
def test_a_student_learns_in_bfloat16(arch: Architecture, tmp_path: Path) -> None:
    trainer = TrainerConfig(progress="none", precision="bf16-mixed")
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path, trainer=trainer)
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, data, stage_02_teacher.run(job, data))
    student = stage_10_student.run(job, data, labels, arch)
    losses = [epoch["valid/loss"] for epoch in student.artifact.values["history"]]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert all(value.dtype.itemsize == 4 for value in student.model.parameters())


def test_what_cannot_run_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"trainer.precision is 'bf16'; did you mean 'bf16-mixed'"):
        refuse(problems_of(Config(trainer=TrainerConfig(precision="bf16")), checks.CHECKS))
    with pytest.raises(ConfigError, match="'16-mixed'; it needs a GPU"):
        refuse(problems_of(Config(trainer=TrainerConfig(precision="16-mixed")), checks.CHECKS))
    refuse(problems_of(Config(trainer=TrainerConfig(precision="16-mixed", accelerator="gpu")), checks.CHECKS))
