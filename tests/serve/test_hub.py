"""`Student` with the hub replaced by a folder: what is pushed is what was loaded, and nothing else."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from avatar.bundle import CONFIG, MANIFEST, WEIGHTS
from avatar.common.errors import ArtifactError
from avatar.data.records import Task
from avatar.serve import Predictor, Student
from students import TEXTS, tiny_bundle, tiny_trial

PAIRS = list(zip(TEXTS, reversed(TEXTS), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("hub") / "bundle", Task.PAIR, int8=tiny_trial(Task.PAIR)).folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_folder_answers_as_the_predictor(folder: Path, as_type: type) -> None:
    student = Student.from_pretrained(as_type(folder), precision="int8")
    expected = Predictor(folder, precision="int8").predict(PAIRS)
    np.testing.assert_array_equal(student.predict(PAIRS), expected)
    assert student.label(expected) == Predictor(folder).label(expected)


def test_a_saved_copy_is_the_same_bundle(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / CONFIG).write_text("{}")
    Student.from_pretrained(folder).save_pretrained(tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(folder)
    assert Student.from_pretrained(tmp_path / "copy").bundle.precisions == ("fp32", "int8")


def test_saving_to_where_it_came_from_is_refused(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(ArtifactError, match="another folder"):
        Student.from_pretrained(folder).save_pretrained(folder)
    assert contents(folder) == before


class FakeApi:
    """The two calls of HfApi that are made; stores the uploads."""

    uploaded: dict[str, bytes]
    asked: dict[str, Any]

    def __init__(self, token: str | None = None) -> None:
        FakeApi.asked = {"token": token}

    def create_repo(self, repo_id: str, **options: Any) -> SimpleNamespace:
        FakeApi.asked |= {"repo_id": repo_id, **options}
        return SimpleNamespace(repo_id=repo_id)

    def upload_folder(self, *, folder_path: Path, **options: Any) -> str:
        FakeApi.uploaded = contents(Path(folder_path))
        FakeApi.asked |= options
        return "commit"


def test_push_uploads_exactly_the_bundle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "HfApi", FakeApi)
    student = Student.from_pretrained(folder)
    assert student.push_to_hub("me/clones", private=True, token="secret", branch="main") == "commit"
    assert FakeApi.uploaded == contents(folder)
    asked = {name: FakeApi.asked[name] for name in ("repo_id", "private", "token", "revision", "repo_type")}
    assert asked == {
        "repo_id": "me/clones",
        "private": True,
        "token": "secret",
        "revision": "main",
        "repo_type": "model",
    }


def test_a_hub_name_is_downloaded_and_checked(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "main"
    shutil.copytree(folder, blobs)
    snapshot.mkdir(parents=True)
    for path in blobs.iterdir():  # the hub's cache holds links
        (snapshot / path.name).symlink_to(path)
    asked: dict[str, Any] = {}

    def download(name: str, **options: Any) -> str:
        asked.update(options, name=name)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    student = Student.from_pretrained("me/clones", revision="v1", threads=1)
    assert (asked["name"], asked["revision"]) == ("me/clones", "v1")
    assert {path.name for path in folder.iterdir()} <= set(asked["allow_patterns"])
    np.testing.assert_array_equal(student.predict(PAIRS), Predictor(folder).predict(PAIRS))
    (blobs / WEIGHTS).write_bytes(b"other")
    with pytest.raises(ArtifactError, match=WEIGHTS):
        Student.from_pretrained("me/clones")


def test_an_absent_student_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtifactError, match="no student on the hub"):
        Student.from_pretrained("not/a/name/../at all")

    def offline(name: str, **options: Any) -> str:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(ArtifactError, match="no student on the hub"):
        Student.from_pretrained("me/clones")


@pytest.mark.parametrize("name", [CONFIG, MANIFEST])
def test_a_damaged_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "b")
    (tmp_path / "b" / name).write_text("{")
    with pytest.raises(ArtifactError, match=name):
        Student.from_pretrained(tmp_path / "b")
