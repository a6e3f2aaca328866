"""Students whose token tables start from what an n-gram student knows about words."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from every_stage import ARCH
from jobs import small_job, write_pairs

from avatar.checks.preflight import check, problems_of
from avatar.common.errors import ConfigError
from avatar.config.schema import Config, DistillConfig
from avatar.data.records import Task
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.stage_04_token_start import token_start
from avatar.pipeline.stage_07_candidates import train
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.search.halving import Rung
from avatar.serve.default_student import FOLDER
from students import tiny_bundle


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"), 60)


def config(data: Path, folder: Path, init: str | None) -> Config:
    return small_job(data, folder, distill=DistillConfig(epochs=1, init=init))


def student(cfg: Config) -> TrainedStudent:
    job = Job.of(cfg)
    corpus = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, corpus, stage_02_teacher.run(job, corpus))
    return stage_10_student.run(job, corpus, labels, ARCH)


def made(folder: Path, stage: str) -> int:
    return len(list((folder / "artifacts" / stage).glob("*/manifest.json")))


def test_the_start_is_in_the_key_by_its_content(data: Path, tmp_path: Path) -> None:
    plain, started = (student(config(data, tmp_path, init)) for init in (None, "default"))
    assert not torch.equal(plain.model.tokens.weight, started.model.tokens.weight)
    assert made(tmp_path, "token_start") == 1
    assert made(tmp_path, "student") == 2
    shutil.copytree(FOLDER, tmp_path / "elsewhere")
    again = student(config(data, tmp_path, str(tmp_path / "elsewhere")))
    assert again.key == started.key
    assert made(tmp_path, "student") == 2


def test_candidates_start_as_the_student_does(data: Path, tmp_path: Path) -> None:
    keys = []
    for init in (None, "default"):
        job = Job.of(config(data, tmp_path, init))
        corpus = stage_01_dataset.run(job)
        labels = stage_03_labels.run(job, corpus, stage_02_teacher.run(job, corpus))
        keys.append(train(job, corpus, labels, ARCH, Rung(1.0, 1)).key)
    assert keys[0] != keys[1]


def test_without_it_no_start_is_made(data: Path, tmp_path: Path) -> None:
    job = Job.of(config(data, tmp_path, None))
    assert token_start(job, stage_01_dataset.run(job), "word", 80) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "defualt",
            "distill.init is 'defualt'; it must be default, null, or the folder of an n-gram student; did",
        ),
        ("", "distill.init is ''; it must be a folder, or null"),
    ],
)
def test_wrong_names(data: Path, tmp_path: Path, name: str, expected: str) -> None:
    (problem,) = problems_of(config(data, tmp_path, name))
    assert problem.startswith(expected)


def test_wrong_folders(data: Path, tmp_path: Path) -> None:
    (tmp_path / "student").mkdir()
    tiny_bundle(tmp_path / "graphs", Task.PAIR)
    shutil.copytree(FOLDER, tmp_path / "damaged")
    (tmp_path / "damaged" / "ngrams.safetensors").write_bytes(b"no weights")
    for name, expected in (
        ("stutent", "there|did you mean 'student'"),
        ("student", "has no manifest.json, so it is not a bundle"),
        ("graphs", "is not an n-gram student"),
        ("damaged", "but the manifest says"),
    ):
        with pytest.raises(ConfigError, match=expected):
            check(config(data, tmp_path, str(tmp_path / name)))


def test_a_right_folder_is_accepted(data: Path, tmp_path: Path) -> None:
    for name in (None, "default", str(FOLDER)):
        cfg = config(data, tmp_path, name)
        check(replace(cfg))
