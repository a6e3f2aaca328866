"""The disk is full in any place of a job: one clear error, and with more space the same command ends as always."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from every_stage import brief_timing, copy_store, related_job, run_related, run_whole, same_results, whole_job

from avatar.bundle import read_bundle
from avatar.common.errors import ArtifactError
from avatar.config.schema import Config, TrackingConfig
from avatar.pipeline.run_job import Outcome, run_job
from avatar.pipeline.stages import STAGES
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.runs import Run, job_run
from small_disk import SmallDisk

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]  # each stage is made many times

MEASURED = ("latency", "timed", "measure")
"""Stages that measure times: made again, they give other keys to the stages after them."""


@pytest.fixture
def data(few_pairs: Path) -> Path:
    return few_pairs


@pytest.fixture
def store(every_stage_made: tuple[Path, Outcome]) -> tuple[Path, Outcome]:
    return every_stage_made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "disk")
    yield made
    made.remove()


def refused(error: ArtifactError) -> None:
    assert "No space left on device" in error.message or "disk is full" in error.message
    assert "free some disk space" in error.hint
    assert error.exit_status == 2


@pytest.mark.parametrize("what", ["content", "files"])
@pytest.mark.parametrize("stage", [stage.name for stage in STAGES if stage.name not in MEASURED])
def test_each_stage(
    stage: str, what: str, data: Path, store: tuple[Path, Outcome], tmp_path: Path, disk: SmallDisk
) -> None:
    """Its folder is on a disk that is too small at each step: no page more, or no file more."""
    folder = copy_store(store[0], tmp_path / "job")
    shutil.rmtree(folder / "artifacts" / stage)
    disk.limit(4 if what == "content" else 100_000, 0 if what == "content" else 1)
    (folder / "artifacts" / stage).symlink_to(disk.folder)
    size, failures, outcome = 1, 0, None
    while True:
        try:
            if stage == "relations":
                run_related(related_job(data, folder))
            else:
                outcome = run_whole(data, folder)
            break
        except ArtifactError as error:
            refused(error)
            failures += 1
        size = size + 1 if what == "files" else size + max(1, size // 3)
        disk.limit(4 * size if what == "content" else 100_000, 0 if what == "content" else size)
    assert failures
    assert outcome is None or same_results(outcome, store[1])


def test_the_output_folder(data: Path, store: tuple[Path, Outcome], tmp_path: Path, disk: SmallDisk) -> None:
    folder = copy_store(store[0], tmp_path / "job")
    for kilobytes in (4, 40, 300, 500, 600, 700, 800, 20_000):
        disk.limit(kilobytes)
        cfg = whole_job(data, folder)
        cfg.output_dir = str(disk.folder / "out")
        bundle = disk.folder / "out" / "bundle"
        if kilobytes == 20_000:
            with brief_timing():
                assert same_results(run_job(cfg, Run()), store[1])
            read_bundle(bundle)
            continue
        with brief_timing(), pytest.raises(ArtifactError) as caught:
            run_job(cfg, Run())
        refused(caught.value)
        assert not bundle.exists()
        shutil.rmtree(disk.folder / "out", ignore_errors=True)


def test_the_tracking_store(tmp_path: Path, disk: SmallDisk) -> None:
    """A full disk refuses the job, or what is recorded is kept beside it and sent when there is space."""
    open_store(TrackingConfig(), "demo", tmp_path / "made")
    database = tmp_path / "made" / "mlflow.db"
    kilobytes, more, failures = database.stat().st_size // 1024, 8, 0
    disk.limit(kilobytes + more)
    shutil.copy(database, disk.folder / "mlflow.db")
    while True:
        try:
            with job_run(Config(), "job", root=disk.folder) as job:
                job.log_metrics({f"test/metric_{row}": row / 7 for row in range(500)})
                job.log_text("x" * 20_000, "text.txt")
            if not job.unsent:
                break
        except ArtifactError as error:
            refused(error)
        failures += 1
        more *= 2
        disk.limit(kilobytes + more)
    assert failures
    assert not list(disk.folder.rglob("changes.jsonl")), "what was kept is sent when there is space"
    store = open_store(TrackingConfig(), "demo", disk.folder)
    finished = store.client.search_runs([store.experiment_id], "attributes.status = 'FINISHED'")
    assert all(len(run.data.metrics) == 500 for run in finished)
