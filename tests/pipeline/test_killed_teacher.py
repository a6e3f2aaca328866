"""A teacher that is killed with SIGKILL while it reads functions goes on from what it had."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.config.schema import Config, DistillConfig, TeacherConfig
from avatar.data import kept_vectors
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels
from avatar.pipeline.job import Job
from avatar.teacher import teacher_model

pytestmark = pytest.mark.timeout(600)

STAGES = {"vectors": 0, "relations": 1, "teacher": 1}
"""Stages in which a teacher reads functions; number of layers that are trained in a job that has the stage."""


def config(data: Path, folder: Path, stage: str) -> Config:
    teacher = TeacherConfig(
        max_length=32, encoder_layers=1, trainable_layers=STAGES[stage], pooling="mean", epochs=1, batch_size=64
    )
    return small_job(data, folder, teacher=teacher, distill=DistillConfig(epochs=1, relations=1.0))


def taught(cfg: Config, stage: str, die_after: int | None = None) -> int:
    """Run the stages of the teacher; returns the number of batches that it read in `stage`.

    With `die_after`, the process is killed after this number of batches in the stage.
    """
    kept_vectors.SHARD_BATCHES = 1
    batches = 0
    folder = Path(cfg.artifacts.folder) / stage
    encode = teacher_model.TeacherModel.encode
    upper = teacher_model.Upper.encode

    def counted(original):  # type: ignore[no-untyped-def]
        def wrapped(self, *args):  # type: ignore[no-untyped-def]
            nonlocal batches
            vectors = original(self, *args)
            inside = folder.is_dir() and not list(folder.glob("*/manifest.json"))
            if inside and not self.training:
                batches += 1
                if batches == die_after:
                    os.kill(os.getpid(), signal.SIGKILL)
            return vectors

        return wrapped

    teacher_model.check_encoder = lambda *_: None  # type: ignore[attr-defined]  # it would count as a batch
    teacher_model.TeacherModel.encode = counted(encode)  # type: ignore[method-assign]
    teacher_model.Upper.encode = counted(upper)  # type: ignore[method-assign]
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, data, stage_02_teacher.run(job, data))
    assert labels.vectors is not None
    return batches


def in_process(connection, *arguments) -> None:  # type: ignore[no-untyped-def]
    connection.send(taught(*arguments))


def run(cfg: Config, stage: str, die_after: int | None = None) -> int | None:
    """`taught` in another process; None if it was killed."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=in_process, args=(sender, cfg, stage, die_after))
    process.start()
    sender.close()
    try:
        result: int | None = receiver.recv()
    except EOFError:
        result = None
    process.join()
    assert process.exitcode == (0 if die_after is None else -signal.SIGKILL)
    return result


def arrays(folder: Path, stage: str) -> dict[str, np.ndarray]:
    (made,) = (folder / "artifacts" / stage).glob("*/manifest.json")
    names = json.loads(made.read_text())["files"]
    assert not [name for name in names if "shards" in name]
    return {name: np.load(made.parent / name) for name in names if name.endswith(".npy")}


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_teacher_goes_on_from_what_it_had(stage: str, tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 120)
    whole = run(config(data, tmp_path / "undisturbed", stage), stage)
    assert whole is not None
    killed = config(data, tmp_path / "killed", stage)
    after = whole - 2
    assert after >= 3
    assert run(killed, stage, die_after=after) is None
    again = run(killed, stage)
    assert again is not None
    assert again <= whole - after + 1, f"{again} of {whole} batches were read again"
    expected = arrays(tmp_path / "undisturbed", stage)
    for name, array in arrays(tmp_path / "killed", stage).items():
        np.testing.assert_array_equal(array, expected[name])
