"""Artifacts are made once, resumed, and never half there."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from avatar.common.errors import ArtifactError
from avatar.pipeline.artifacts import ArtifactStore


def build_counting(folder: Path) -> Mapping[str, Any]:
    with (folder.parent / "calls.txt").open("a") as stream:
        stream.write("x")
    (folder / "data.txt").write_text("data")
    return {"answer": 42}


def make_in_process(root: str) -> int:
    return int(ArtifactStore(Path(root)).make("stage", {"a": 1}, build_counting).values["answer"])


def test_the_second_wish_is_answered_from_disk(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first = store.make("stage", {"a": 1}, build_counting)
    second = store.make("stage", {"a": 1}, build_counting)
    assert (first.skipped, second.skipped) == (False, True)
    assert second.values == {"answer": 42}
    assert (tmp_path / "stage" / "calls.txt").read_text() == "x"


def test_other_inputs_are_another_artifact(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    keys = {store.make("stage", reads, build_counting).key for reads in ({"a": 1}, {"a": 2}, {"a": 1, "b": 0})}
    assert len(keys) == 3


def test_an_error_leaves_no_artifact_but_what_can_be_resumed(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)

    def fails(folder: Path) -> Mapping[str, Any]:
        (folder / "half").write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        store.make("stage", {}, fails)
    found: list[str] = []

    def resumes(folder: Path) -> Mapping[str, Any]:
        found.append((folder / "half").read_text())
        return {}

    assert not store.make("stage", {}, resumes).skipped
    assert found == ["half"]


def test_a_damaged_artifact_is_refused_with_its_folder(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    artifact = store.make("stage", {}, build_counting)
    (artifact.folder / "data.txt").write_text("longer than it was")
    with pytest.raises(ArtifactError, match=r"damaged: data\.txt"):
        store.make("stage", {}, build_counting)
    (artifact.folder / "manifest.json").write_text("{ not json")
    with pytest.raises(ArtifactError, match="unreadable"):
        store.make("stage", {}, build_counting)


def test_the_manifest_says_what_was_read(tmp_path: Path) -> None:
    artifact = ArtifactStore(tmp_path).make("stage", {"seed": 3}, build_counting)
    manifest = json.loads((artifact.folder / "manifest.json").read_text())
    assert manifest["reads"] == {"seed": 3}
    assert manifest["files"] == {"data.txt": 4}


def test_of_two_processes_one_makes_and_the_other_waits(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        answers = list(pool.map(make_in_process, [str(tmp_path)] * 4))
    assert answers == [42] * 4
    assert (tmp_path / "stage" / "calls.txt").read_text() == "x"


def test_an_unwritable_root_is_one_clear_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ArtifactError, match="cannot write into") as caught:
        ArtifactStore(blocker).make("stage", {}, build_counting)
    assert "artifacts=PATH" in caught.value.hint
    assert caught.value.exit_status == 2


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    def full(folder: Path) -> Mapping[str, Any]:
        raise OSError(28, os.strerror(28), str(folder / "big"))

    with pytest.raises(ArtifactError, match="No space left") as caught:
        ArtifactStore(tmp_path).make("stage", {}, full)
    assert "free some disk space" in caught.value.hint
    assert not list(tmp_path.rglob("manifest.json"))
