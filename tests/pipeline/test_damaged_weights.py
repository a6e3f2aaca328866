"""Damaged weights of a finished student are never used: one clear error names the folder to delete."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jobs import small_job, write_pairs

from avatar.common.errors import ArtifactError
from avatar.config.schema import Config
from avatar.pipeline import manifest
from avatar.pipeline.run_job import run_job
from avatar.student.distillation import WEIGHTS
from avatar.tracking.runs import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    run_job(small_job(data, folder), Run())
    return folder


@pytest.fixture
def job(data: Path, finished: Path, tmp_path: Path) -> Config:
    """The finished job in a copy whose student has to be read again: it is no longer measured and exported."""
    shutil.copytree(finished / "artifacts", tmp_path / "artifacts")
    for later in ("measure", "export"):
        shutil.rmtree(tmp_path / "artifacts" / later)
    return small_job(data, tmp_path)


def weights(cfg: Config) -> Path:
    (path,) = Path(cfg.artifacts.folder).glob(f"student/*/{WEIGHTS}")
    return path


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def break_header(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8:16] = b"{{{{{{{{"
    path.write_bytes(content)


def empty_header(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [flip_last_byte, break_header, empty_header])
def test_damaged_weights_of_a_student_are_refused(damage: Callable[[Path], None], job: Config) -> None:
    path = weights(job)
    damage(path)
    with pytest.raises(ArtifactError, match="has other content") as caught:
        run_job(job, Run())
    assert str(path.parent) in str(caught.value)
    assert "delete" in caught.value.hint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("damage", [break_header, empty_header])
def test_a_broken_header_under_the_old_time_is_one_clear_error(
    damage: Callable[[Path], None], job: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and time of a large file are as they were, so only reading it shows the damage."""
    monkeypatch.setattr(manifest, "LARGE", -1)
    path = weights(job)
    times = path.stat()
    damage(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ArtifactError, match=r"the student in .* cannot be read") as caught:
        run_job(job, Run())
    assert str(path.parent) in str(caught.value)
    assert "delete" in caught.value.hint


def test_a_flipped_byte_under_the_old_time_is_refused(job: Config) -> None:
    path = weights(job)
    times = path.stat()
    flip_last_byte(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ArtifactError, match="has other content"):
        run_job(job, Run())


def test_a_flipped_byte_of_a_large_file_is_refused_where_all_is_verified(
    job: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LARGE", -1)
    path = weights(job)
    times = path.stat()
    flip_last_byte(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    job.artifacts.verify = "full"
    with pytest.raises(ArtifactError, match="has other content"):
        run_job(job, Run())
