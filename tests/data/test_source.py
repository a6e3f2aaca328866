import json
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.load import load_corpus
from reader_folders import bcb, bcb_hub

HUB = "google/code_x_glue_cc_clone_detection_big_clone_bench"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without data, an empty hub cache, and a hub that does not answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AVATAR_DATA", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_dataset_root_is_the_only_folder_that_is_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("AVATAR_DATA", str(tmp_path / "sets"))
    folder(tmp_path / "sets" / "bcb")
    named = folder(tmp_path / "named")
    assert locate(DatasetConfig(name="bcb", root=str(named)), "").folder == named


def test_the_variable_comes_before_the_data_folder(tmp_path, monkeypatch):
    cfg = DatasetConfig(name="bcb", folder="clones")
    here = folder(tmp_path / "data" / "clones")
    assert locate(cfg, "").folder.resolve() == here
    monkeypatch.setenv("AVATAR_DATA", str(tmp_path / "sets"))
    assert locate(cfg, "").folder.resolve() == here
    there = folder(tmp_path / "sets" / "clones")
    assert locate(cfg, "").folder == there


def test_a_missing_root_gives_the_expected_files(tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist") as caught:
        load_corpus(DatasetConfig(name="bcb", root=str(tmp_path / "nowhere"), hub=HUB), 1)
    assert caught.value.exit_status == 2
    assert "data.jsonl" in caught.value.hint
    assert "python train.py" in caught.value.hint


def test_a_root_that_is_a_file_has_its_own_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        locate(DatasetConfig(name="bcb", root=str(tmp_path / "file")), "")


def test_a_folder_without_the_files_lists_what_is_there(tmp_path):
    (tmp_path / "notes.md").write_text("")
    for name in ("bcb", "devign", "reveal"):
        with pytest.raises(DataError, match=r"it contains: .*notes\.md"):
            load_corpus(DatasetConfig(name=name, root=str(tmp_path)), 1)


def test_no_folder_and_no_hub():
    with pytest.raises(DataError, match=r"there is no folder data.reveal") as caught:
        load_corpus(DatasetConfig(name="reveal"), 1)
    assert "vulnerables.json" in caught.value.hint


@pytest.mark.parametrize("offline", [False, True])
def test_an_unreachable_hub_gives_a_hint(offline, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    with pytest.raises(DataError, match="hub unreachable") as caught:
        load_corpus(DatasetConfig(name="bcb", hub=HUB), 1)
    assert ("HF_HUB_OFFLINE" in caught.value.message) == offline
    assert HUB in caught.value.message
    assert "train_label.txt" in caught.value.hint
    assert "python train.py" in caught.value.hint


def test_a_name_that_is_no_hub_name():
    with pytest.raises(DataError, match=r"dataset\.hub=a"):
        load_corpus(DatasetConfig(name="bcb", hub="a/b/c"), 1)


def test_a_cached_copy_is_used_when_the_hub_does_not_answer(tmp_path):
    cache = tmp_path / "hub" / f"datasets--{HUB.replace('/', '--')}"
    snapshot = folder(cache / "snapshots" / ("0" * 40))
    bcb_hub(snapshot)
    (folder(cache / "refs") / "main").write_text("0" * 40)
    corpus = load_corpus(DatasetConfig(name="bcb", hub=HUB), 1)
    assert HUB in corpus.notes[0]
    assert corpus.splits


def test_only_parquet_files_are_downloaded_from_the_hub(tmp_path, monkeypatch):
    arguments = {}

    class Answering:
        def dataset_info(self, name: str, timeout: float) -> None:
            assert 0 < timeout <= 10

    def download(name: str, **options: object) -> str:
        arguments.update(options, name=name)
        return str(tmp_path / "fetched")

    bcb_hub(folder(tmp_path / "fetched"))
    monkeypatch.setattr(huggingface_hub, "HfApi", Answering)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    corpus = load_corpus(DatasetConfig(name="bcb", hub=HUB), 1)
    assert corpus.notes[0] == f"Read from {HUB} on the Hugging Face hub."
    assert (arguments["name"], arguments["repo_type"], arguments["local_files_only"]) == (HUB, "dataset", False)
    assert arguments["allow_patterns"] == ["*.parquet"]


def test_a_local_folder_needs_no_hub(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the hub was called")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setattr(huggingface_hub, "HfApi", refuse)
    bcb(folder(tmp_path / "data" / "bcb"))
    assert load_corpus(DatasetConfig(name="bcb", folder="bcb", hub=HUB), 1).notes == ()


def test_the_files_of_the_user_may_be_in_the_working_directory(tmp_path):
    rows = [{"code": f"f({n})", "label": n % 2} for n in range(40)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    corpus = load_corpus(DatasetConfig(name="samples", folder="samples", files={"train": "mine.jsonl"}), 1)
    assert len(corpus.functions) == 40
