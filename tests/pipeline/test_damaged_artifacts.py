"""Whatever is damaged in whatever artifact: one clear error with exit status 2, or the stage is made again."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_stage import copy_store, related_job, run_related, run_whole, same_results

from avatar.common.errors import ArtifactError
from avatar.pipeline import manifest
from avatar.pipeline.artifacts import ArtifactStore
from avatar.pipeline.run_job import Outcome
from avatar.pipeline.stage import Stage
from avatar.pipeline.stages import STAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the first test makes an artifact of every stage

WITH_FILES = ("dataset", "vectors", "teacher", "relations", "variants", "tokens", "surrogate", "search", "student")
"""Stages whose artifacts have files beside the manifest, without export, which the job reads through the bundle."""


@pytest.fixture
def data(few_pairs: Path) -> Path:
    return few_pairs


@pytest.fixture
def store(every_stage_made: tuple[Path, Outcome]) -> tuple[Path, Outcome]:
    return every_stage_made


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garbled(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def last_byte_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def first_byte_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    """A file of the same kind that belongs elsewhere."""
    kinds: dict[str, Callable[[], Any]] = {
        ".npy": lambda: np.save(path, np.ones((3, 1), dtype=np.int8)),
        ".json": lambda: path.write_text('{"model": {"type": "none"}, "task": 3}'),
        ".csv": lambda: path.write_text("a,b\n1,2\n"),
    }
    kinds.get(path.suffix, lambda: path.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "))()


def removed(path: Path) -> None:
    path.unlink()


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


DAMAGES = (
    zeroed,
    garbled,
    last_byte_flipped,
    first_byte_flipped,
    cut_in_half,
    emptied,
    foreign,
    removed,
    folder_instead,
    pipe_instead,
    link_to_nothing,
)


@contextmanager
def damaged(path: Path, damage: Callable[[Path], None], old_time: bool = True) -> Iterator[None]:
    """The file is damaged inside the block, and has its old time if it still is a file."""
    content, times = path.read_bytes(), path.stat()
    damage(path)
    if old_time and path.is_file():
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def artifacts_of(folder: Path, stage: str) -> list[Path]:
    return sorted(path for path in (folder / "artifacts" / stage).iterdir() if path.is_dir())


def files_of(artifact: Path) -> list[Path]:
    return sorted(path for path in artifact.rglob("*") if path.is_file() and path.name != manifest.MANIFEST)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_file_of_every_artifact_is_checked(
    stage: Stage[Any, Any], damage: Callable[[Path], None], store: tuple[Path, Outcome]
) -> None:
    folder = store[0]
    for artifact in artifacts_of(folder, stage.name):
        for path in files_of(artifact):
            large = path.stat().st_size > manifest.LARGE
            if not path.stat().st_size and damage not in (removed, folder_instead, pipe_instead, link_to_nothing):
                continue
            with damaged(path, damage, old_time=not large):
                with pytest.raises(ArtifactError) as caught:
                    ArtifactStore(folder / "artifacts").existing(stage, artifact)
                assert f"the artifact {artifact} is damaged: {path.relative_to(artifact)}" in caught.value.message
                assert caught.value.hint == "delete that folder; the next run makes it again"
                assert caught.value.exit_status == 2
            assert ArtifactStore(folder / "artifacts").existing(stage, artifact) is not None


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_manifest_is_checked(
    stage: Stage[Any, Any], damage: Callable[[Path], None], store: tuple[Path, Outcome]
) -> None:
    """Without a manifest the stage is made again."""
    folder = store[0]
    for artifact in artifacts_of(folder, stage.name):
        with damaged(artifact / manifest.MANIFEST, damage):
            if damage is removed:
                assert ArtifactStore(folder / "artifacts").existing(stage, artifact) is None
                continue
            with pytest.raises(ArtifactError) as caught:
                ArtifactStore(folder / "artifacts").existing(stage, artifact)
            assert str(artifact) in str(caught.value)
            assert "delete" in caught.value.hint
            assert caught.value.exit_status == 2


READ_BY = {
    "vectors": ("teacher",),
    "teacher": ("labels", "relations", "student"),
    "relations": ("student",),
    "variants": ("tokens",),
    "tokens": ("candidate", "student"),
}
"""Stages that read the files of a stage while they are made. The job itself reads those of the other stages."""


def use_again(stage: str, folder: Path) -> None:
    """Delete the artifacts that are made from those of the stage."""
    for later in READ_BY.get(stage, ()):
        shutil.rmtree(folder / "artifacts" / later)


def run(stage: str, data: Path, folder: Path) -> Outcome | None:
    """The job that uses all artifacts of the stage."""
    if stage in ("teacher", "relations"):
        run_related(related_job(data, folder))
        return None
    return run_whole(data, folder)


@pytest.mark.parametrize("stage", WITH_FILES)
def test_a_job_ends_with_one_clear_error(stage: str, data: Path, store: tuple[Path, Outcome], tmp_path: Path) -> None:
    folder = copy_store(store[0], tmp_path)
    for artifact in artifacts_of(folder, stage):
        for path in files_of(artifact):
            garbled(path)
    use_again(stage, folder)
    with pytest.raises(ArtifactError, match="has other content than when it was made") as caught:
        run(stage, data, folder)
    assert any(str(artifact) in caught.value.message for artifact in artifacts_of(folder, stage))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [zeroed, garbled])
@pytest.mark.parametrize("stage", WITH_FILES)
def test_damage_that_only_its_reader_meets_is_one_clear_error_too(
    stage: str,
    damage: Callable[[Path], None],
    data: Path,
    store: tuple[Path, Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Size and time of a large file are as they were, so the quick check does not read it."""
    monkeypatch.setattr(manifest, "LARGE", -1)
    folder = copy_store(store[0], tmp_path)
    for artifact in artifacts_of(folder, stage):
        for path in files_of(artifact):
            times = path.stat()
            damage(path)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    use_again(stage, folder)
    if stage in ("dataset", "surrogate"):  # their files are only for people
        outcome = run(stage, data, folder)
        assert outcome is not None
        assert same_results(outcome, store[1])
        return
    with pytest.raises(ArtifactError) as caught:
        run(stage, data, folder)
    assert caught.value.exit_status == 2
    assert "delete" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("stage", WITH_FILES)
def test_what_a_killed_stage_left_does_not_count(
    stage: str, data: Path, store: tuple[Path, Outcome], tmp_path: Path
) -> None:
    """Without a manifest, damaged files are made again, and the results are those of the undisturbed job."""
    folder = copy_store(store[0], tmp_path)
    for artifact in artifacts_of(folder, stage):
        (artifact / manifest.MANIFEST).unlink()
        for path in files_of(artifact):
            if path.suffix == ".journal":
                path.write_bytes(path.read_bytes()[:-7])  # killed while it wrote an entry
            else:
                garbled(path)
    outcome = run(stage, data, folder)
    assert outcome is None or same_results(outcome, store[1])
