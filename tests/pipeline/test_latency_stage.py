"""Times are measured once for each machine and length."""

from pathlib import Path

import numpy as np
import pytest

from avatar.data.records import Task
from avatar.pipeline import stage_05_latency
from avatar.pipeline.artifacts import Artifact, ArtifactStore
from avatar.pipeline.shared_settings import Machine
from avatar.pipeline.stage_05_latency import LATENCY, Inputs, Settings
from avatar.space.architecture import Architecture

SMALL = Architecture(vocab_size=50, layers=0, hidden_size=8, max_length=16, position="none")


def measured(root: Path, length: int = 16, machine: str = "this one") -> Artifact:
    inputs = Inputs((SMALL,), Task.FUNCTION, length, 0.0)
    return ArtifactStore(root).make(LATENCY, inputs, Settings(1, Machine(machine, 1, "2.0")))


def test_measured_times_are_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path)

    def forbidden(*_: object) -> None:
        raise AssertionError("timed again")

    monkeypatch.setattr(stage_05_latency, "time_architectures", forbidden)
    assert measured(tmp_path).values == first.values
    for changed in ({"length": 17}, {"machine": "another one"}):
        with pytest.raises(AssertionError, match="timed again"):
            measured(tmp_path, **changed)  # type: ignore[arg-type]


def test_what_depends_on_times_has_another_key_where_they_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured(tmp_path / "first")
    monkeypatch.setattr(stage_05_latency, "time_architectures", lambda *_: np.asarray([123.0]))
    again = measured(tmp_path / "second")
    assert again.folder.name == first.folder.name
    assert again.key != first.key
