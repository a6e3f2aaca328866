"""Energy of a longer work: works inside others count once, and a meter that fails loses no work."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from avatar.common.errors import AvatarError
from avatar.measure import used_energy
from avatar.measure.power_meter import PowerMeter, PowerReading
from avatar.measure.used_energy import UsedEnergy, WorkMeter
from avatar.pipeline.artifacts import ArtifactStore
from avatar.pipeline.manifest import read_manifest
from avatar.pipeline.stage import Stage


class Counter:
    """Stands for the meter: the energy is that of `spend` while it ran, in joules."""

    spent = 0.0

    def __init__(self, seconds: float) -> None:
        self.before = 0.0

    def start(self) -> None:
        self.before = Counter.spent

    def stop(self) -> None:
        self.after = Counter.spent

    @property
    def reading(self) -> PowerReading:
        return PowerReading((self.after - self.before) / 3.6e6, 0.0, 0.0, 500.0, "rapl", False, 1.0)


def spend(joules: float) -> None:
    Counter.spent += joules


def test_a_work_inside_another_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_energy, "PowerMeter", Counter)
    meter = WorkMeter()
    with meter() as outer:
        spend(2.0)
        with meter() as inner:
            spend(3.0)
        with meter() as second:
            spend(1.0)
            with meter() as third:
                spend(7.0)
        spend(0.5)
    works = (outer, inner, second, third)
    assert [work.used.joules for work in works if work.used] == pytest.approx([2.5, 3.0, 1.0, 7.0])
    assert outer.used is not None
    assert outer.used.co2e_g == pytest.approx(2.5 / 3.6e6 * 500)
    assert outer.used.method == "rapl"


def test_an_error_in_the_work_ends_its_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_energy, "PowerMeter", Counter)
    meter = WorkMeter()
    with meter() as outer:
        with pytest.raises(RuntimeError, match="oh"), meter():
            raise RuntimeError("oh")
        spend(1.0)
    assert outer.used is not None
    assert outer.used.joules == pytest.approx(1.0)


def build(inputs: Any, settings: Any, folder: Path) -> dict[str, Any]:
    return {"answer": 42}


def test_a_meter_that_fails_at_the_end_loses_no_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(meter: PowerMeter) -> PowerReading:
        raise AvatarError("codecarbon gave no energy")

    monkeypatch.setattr(PowerMeter, "reading", property(fail))
    empty = dataclasses.make_dataclass("Empty", [], frozen=True)
    stage = Stage("stage", 1, "Answer", empty, empty, build)
    artifact = ArtifactStore(tmp_path, meter=WorkMeter()).make(stage, empty(), empty())
    assert artifact.values == {"answer": 42}
    manifest = read_manifest(artifact.folder)
    assert manifest is not None
    assert manifest.energy is None


@pytest.mark.parametrize(
    "values", [{}, {"joules": 1, "co2e_g": "x", "method": "rapl"}, {"joules": 1, "co2e_g": 1, "method": "?"}]
)
def test_a_record_that_is_no_energy_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must have joules"):
        UsedEnergy.from_plain(values)
