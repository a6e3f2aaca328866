"""Artifacts are made once, resumed after an error, and checked when they are reused."""

import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from avatar.common.errors import ArtifactError, DataError
from avatar.pipeline import manifest
from avatar.pipeline.artifacts import Artifact, ArtifactStore
from avatar.pipeline.stage import Stage


@dataclass(frozen=True)
class Inputs:
    a: int = 1
    resumes: bool = False


@dataclass(frozen=True)
class Settings:
    """None."""


def build_counting(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
    with (folder.parent / "calls.txt").open("a") as stream:
        stream.write("x")
    (folder / "data.txt").write_text("data")
    return {"answer": 42}


def build_empty(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
    (folder / "empty").touch()
    return {}


def build_failing(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
    half = folder / "half"
    if half.exists():
        return {"text": half.read_text()}
    half.write_text("half")
    raise RuntimeError("killed")


def build_on_a_full_disk(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
    raise OSError(28, os.strerror(28), str(folder / "big"))


COUNTING = Stage("stage", 1, "Count", Inputs, Settings, build_counting)


def make(root: Path, inputs: Inputs | None = None, verify: str = "quick") -> Artifact:
    return ArtifactStore(root, verify).make(COUNTING, inputs or Inputs(), Settings())


def make_in_process(root: str) -> int:
    return int(make(Path(root)).values["answer"])


def test_the_second_call_reads_from_disk(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path)
    assert (first.reused, second.reused) == (False, True)
    assert second.values == {"answer": 42}
    assert (tmp_path / "stage" / "calls.txt").read_text() == "x"


def test_temporary_files_of_a_killed_process_are_not_in_the_artifact(tmp_path: Path) -> None:
    folder = tmp_path / "stage" / COUNTING.key(Inputs(), Settings())
    (folder / ".bundle.x1").mkdir(parents=True)
    (folder / ".bundle.x1" / "config.json").write_text("half")
    (folder / ".data.txt.x2").write_text("half")
    made = make(tmp_path)
    assert made.folder == folder
    assert list(json.loads((folder / "manifest.json").read_text())["files"]) == ["data.txt"]
    assert sorted(path.name for path in folder.iterdir()) == ["data.txt", "manifest.json"]


def test_other_inputs_and_revisions_are_another_artifact(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    raised = Stage("stage", 2, "Count", Inputs, Settings, build_counting)
    keys = {make(tmp_path).key, make(tmp_path, Inputs(2)).key, store.make(raised, Inputs(), Settings()).key}
    assert len(keys) == 3


def test_an_error_leaves_no_artifact_but_what_can_be_resumed(tmp_path: Path) -> None:
    stage = Stage("stage", 1, "Fail once", Inputs, Settings, build_failing)
    store = ArtifactStore(tmp_path)
    with pytest.raises(RuntimeError):
        store.make(stage, Inputs(), Settings())
    resumed = store.make(stage, Inputs(), Settings())
    assert not resumed.reused
    assert resumed.values == {"text": "half"}


def test_a_damaged_file_is_refused_with_its_folder(tmp_path: Path) -> None:
    artifact = make(tmp_path)
    (artifact.folder / "data.txt").write_text("longer than it was")
    with pytest.raises(ArtifactError, match=r"damaged: data\.txt has 18 bytes, and had 4") as caught:
        make(tmp_path)
    assert caught.value.exit_status == 2
    (artifact.folder / "data.txt").unlink()
    with pytest.raises(ArtifactError, match=r"damaged: data\.txt is missing"):
        make(tmp_path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    artifact = make(tmp_path)
    (artifact.folder / "data.txt").write_text("dbta")
    with pytest.raises(ArtifactError, match=r"damaged: data\.txt has other content"):
        make(tmp_path)


def test_a_flipped_byte_under_the_old_time_is_noticed(tmp_path: Path) -> None:
    path = make(tmp_path).folder / "data.txt"
    times = path.stat()
    path.write_text("dbta")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ArtifactError, match="has other content"):
        make(tmp_path)


def test_a_large_file_under_the_old_time_is_checked_where_all_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LARGE", 3)
    path = make(tmp_path).folder / "data.txt"
    times = path.stat()
    path.write_text("dbta")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert make(tmp_path).reused
    with pytest.raises(ArtifactError, match="has other content"):
        make(tmp_path, verify="full")


def test_a_copied_store_is_used_though_its_times_are_new(tmp_path: Path) -> None:
    path = make(tmp_path).folder / "data.txt"
    os.utime(path, (1, 1))
    assert make(tmp_path).reused


@pytest.mark.parametrize(
    "text",
    ["{ not json", "{}", "[]", "null", "3", '"text"', "[" * 100_000, '{"stage": 3}', "\x00", '{"files": []}'],
)
def test_an_unreadable_manifest_is_one_clear_error(text: str, tmp_path: Path) -> None:
    artifact = make(tmp_path)
    (artifact.folder / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match="unreadable") as caught:
        make(tmp_path)
    assert str(artifact.folder) in caught.value.hint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("name", ["/etc/passwd", "../other"])
def test_a_manifest_that_names_files_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    path = make(tmp_path).folder / "manifest.json"
    content = json.loads(path.read_text())
    content["files"][name] = content["files"].pop("data.txt")
    path.write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match="is outside of the artifact"):
        make(tmp_path)


@pytest.mark.parametrize("values", [{}, {"answer": 43}])
def test_an_altered_manifest_is_refused(values: dict[str, int], tmp_path: Path) -> None:
    """It was used, or ended in a KeyError."""
    path = make(tmp_path).folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "values": values}))
    with pytest.raises(ArtifactError, match="altered") as caught:
        make(tmp_path)
    assert str(path.parent) in caught.value.hint


def test_the_manifest_of_another_artifact_is_refused(tmp_path: Path) -> None:
    first, second = make(tmp_path, Inputs(1)), make(tmp_path, Inputs(2))
    shutil.copy(first.folder / "manifest.json", second.folder)
    with pytest.raises(ArtifactError, match="of another one"):
        make(tmp_path, Inputs(2))


def test_the_manifest_holds_inputs_settings_and_files(tmp_path: Path) -> None:
    content = json.loads((make(tmp_path, Inputs(3)).folder / "manifest.json").read_text())
    assert content["inputs"] == {"a": 3, "resumes": False}
    assert content["settings"] == {}
    assert content["files"]["data.txt"]["bytes"] == 4


def test_of_two_processes_one_makes_and_the_other_waits(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        answers = list(pool.map(make_in_process, [str(tmp_path)] * 4))
    assert answers == [42] * 4
    assert (tmp_path / "stage" / "calls.txt").read_text() == "x"


def test_an_unwritable_root_is_one_clear_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ArtifactError, match="cannot write into") as caught:
        make(blocker)
    assert "artifacts.folder=PATH" in caught.value.hint
    assert caught.value.exit_status == 2


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    stage = Stage("stage", 1, "Fill", Inputs, Settings, build_on_a_full_disk)
    with pytest.raises(ArtifactError, match="No space left") as caught:
        ArtifactStore(tmp_path).make(stage, Inputs(), Settings())
    assert "free some disk space" in caught.value.hint
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_stage_cannot_be_built_by_a_closure() -> None:
    secret = 3

    def closure(inputs: Inputs, settings: Settings, folder: Path) -> Mapping[str, Any]:
        return {"secret": secret}

    with pytest.raises(TypeError, match="not by a closure or a lambda"):
        Stage("stage", 1, "Cheat", Inputs, Settings, closure)


def test_a_setting_without_a_source_is_refused() -> None:
    @dataclass(frozen=True)
    class Undeclared:
        seed: int = field(default=1)

    with pytest.raises(TypeError, match=r"without setting\(\) or unkeyed\(\): seed"):
        Stage("stage", 1, "Cheat", Inputs, Undeclared, build_counting)  # type: ignore[arg-type]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("error", [ValueError("no magic"), KeyError("x"), DataError("row 3 is not finite")])
def test_an_error_that_follows_from_a_damaged_artifact_names_the_artifact(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "LARGE", -1)
    first, second = make(tmp_path, Inputs(1)).folder, make(tmp_path, Inputs(2)).folder
    store = ArtifactStore(tmp_path)
    for number in (1, 2):
        assert store.make(COUNTING, Inputs(number), Settings()).reused
    with pytest.raises(type(error)), store.blames_damage():
        raise error
    path = second / "data.txt"
    times = path.stat()
    path.write_text("dbta")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with (
        pytest.raises(ArtifactError, match=r"is damaged: data\.txt has other content") as caught,
        store.blames_damage(),
    ):
        raise error
    assert str(second) in caught.value.message
    assert str(first) not in caught.value.message
    assert caught.value.__cause__ is error


@pytest.mark.timeout(60)
def test_a_pipe_instead_of_an_empty_file_is_refused(tmp_path: Path) -> None:
    """It was opened, which waits for ever, or ended in a raw error."""
    stage = Stage("stage", 1, "Empty", Inputs, Settings, build_empty)
    folder = ArtifactStore(tmp_path).make(stage, Inputs(), Settings()).folder
    (folder / "empty").unlink()
    os.mkfifo(folder / "empty")
    with pytest.raises(ArtifactError, match=r"damaged: empty cannot be read: it is a named pipe"):
        ArtifactStore(tmp_path).make(stage, Inputs(), Settings())
