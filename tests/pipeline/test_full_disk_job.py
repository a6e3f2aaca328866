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


PAGE = 4096
NEEDED_BY = {"vectors": ["teacher"], "variants": ["candidate", "student"], "relations": ["student"]}
"""Stages that are made only for others: without those, nobody asks for them."""
NEEDED_BY["token_start"] = NEEDED_BY["variants"]


def disk_bytes(folder: Path) -> int:
    """The largest result in a folder, in whole pages."""
    return max(
        sum(-(-path.stat().st_size // PAGE) * PAGE for path in one.rglob("*") if path.is_file())
        for one in folder.iterdir()
    )


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
    page = disk_bytes(folder / "artifacts" / stage) <= PAGE
    for name in (stage, *NEEDED_BY.get(stage, ())):
        shutil.rmtree(folder / "artifacts" / name)
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
    assert failures or (what == "content" and page), "a result of one page fits at once"
    assert any(disk.folder.iterdir()), "the stage was made again"
    assert outcome is None or same_results(outcome, store[1])


def test_the_output_folder(data: Path, store: tuple[Path, Outcome], tmp_path: Path, disk: SmallDisk) -> None:
    folder, kilobytes, failures = copy_store(store[0], tmp_path / "job"), 4, 0
    while True:
        disk.limit(kilobytes)
        cfg = whole_job(data, folder)
        cfg.output_dir = str(disk.folder / "out")
        bundle = disk.folder / "out" / "bundle"
        try:
            with brief_timing():
                outcome = run_job(cfg, Run())
            break
        except ArtifactError as error:
            refused(error)
            assert not bundle.exists()
        failures += 1
        shutil.rmtree(disk.folder / "out", ignore_errors=True)
        kilobytes += max(36, kilobytes // 4)
    assert failures > 3
    assert same_results(outcome, store[1])
    read_bundle(bundle)


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
    disk.limit(kilobytes + more + 50_000)
    with job_run(Config(seed=2), "later", root=disk.folder) as job:
        job.log_metrics({f"test/metric_{row}": row / 7 for row in range(500)})
    assert not list(disk.folder.rglob("changes.jsonl")), "what was kept is sent when there is space"
    store = open_store(TrackingConfig(), "demo", disk.folder)
    finished = store.client.search_runs([store.experiment_id], "attributes.status = 'FINISHED'")
    assert all(len(run.data.metrics) == 500 for run in finished)
