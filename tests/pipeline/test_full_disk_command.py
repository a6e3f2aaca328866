"""train.py on a disk that is full: one message, no traceback, and exit status 2."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.checks import writable
from avatar.common.errors import ArtifactError
from avatar.pipeline.run_job import run_job
from avatar.tracking.runs import Run
from small_disk import SmallDisk

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, and recorded logits of too few examples, so that a job ends after it has read the data."""
    folder = write_pairs(tmp_path_factory.mktemp("data"), 60)
    np.save(folder / "short.npy", np.zeros((7, 2), dtype=np.float32))
    return folder


def train(data: Path, folder: Path, *overrides: str, largest_file: int = -1) -> subprocess.CompletedProcess[str]:
    """Run train.py in `folder`; no file may have more than `largest_file` bytes."""
    command = [sys.executable, str(Path(__file__).parents[2] / "train.py"), "dataset=pairs", f"dataset.root={data}"]
    command += ["teacher=predictions", f"teacher.path={data / 'short.npy'}", "tracking=none", "executor.threads=1"]
    command += ["dataset.language=python"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return subprocess.run(
        [*command, *overrides],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=limit if largest_file >= 0 else None,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_log_on_a_full_disk_is_one_warning(data: Path, tmp_path: Path) -> None:
    """Each line gave a traceback of Python's logging."""
    answer = train(data, tmp_path, "hydra.job_logging.handlers.file.filename=/dev/full")
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert "Logging error" not in answer.stderr
    assert answer.stderr.count("the log file /dev/full is incomplete: No space left on device") == 1
    assert answer.stderr.index("is incomplete") < answer.stderr.index(" data: "), "the other lines are shown"
    assert answer.stderr.count("error: ") == 1
    assert "has 7 rows" in answer.stderr


@pytest.mark.parametrize("largest_file", [0, 2000])
def test_settings_or_artifacts_that_cannot_be_written_are_one_clear_error(
    largest_file: int, data: Path, tmp_path: Path
) -> None:
    answer = train(data, tmp_path, largest_file=largest_file)
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert "Logging error" not in answer.stderr
    assert answer.stderr.count("error: ") == 1
    assert "File too large" in answer.stderr
    assert "hint: free some" in answer.stderr


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    disk = SmallDisk(tmp_path / "disk")
    disk.limit(100)
    subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
    yield disk.folder
    disk.remove()


def test_a_read_only_output_folder_without_tracking_is_one_clear_error(
    data: Path, tmp_path: Path, read_only: Path
) -> None:
    cfg = small_job(data, tmp_path, output_dir=str(read_only / "out"))
    assert not cfg.tracking.enabled
    (problem,) = writable.folders(cfg)
    assert "output_dir" in problem
    assert "no permission to write" in problem
    assert "hydra.run.dir=FOLDER" in problem
    with pytest.raises(ArtifactError, match=r"output folder .*Read-only file system") as caught:
        run_job(cfg, Run())
    assert caught.value.exit_status == 2
