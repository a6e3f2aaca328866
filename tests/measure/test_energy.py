"""Energy: what is reported, by which method, and that nothing is left behind."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from avatar.measure import energy


def test_energy_of_real_calls_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[int] = []
    found = energy.measure_energy(seen.append, [1, 2, 3], seconds=0.3)
    assert found.joules_per_example > 0
    assert found.seconds >= 0.3
    assert found.examples == len(seen) - 3  # three warm it up
    assert found.method in ("rapl", "nvml", "estimate")
    joules = found.joules_per_example * found.examples
    grams = found.co2e_mg_per_example * found.examples / 1e3
    assert grams == pytest.approx(joules / 3.6e6 * found.carbon_intensity)
    assert list(tmp_path.iterdir()) == []


USED = SimpleNamespace(cpu_energy=3.0, ram_energy=2.0, gpu_energy=7.0)


class GPU:
    """Stands for codecarbon's device of this name."""


@pytest.mark.parametrize(
    ("devices", "cuda", "expected"),
    [
        ([SimpleNamespace(_mode="intel_rapl")], False, ("rapl", 3.0)),
        ([SimpleNamespace(_mode="cpu_load")], False, ("estimate", 5.0)),
        ([SimpleNamespace(_mode="constant"), GPU()], False, ("estimate", 5.0)),
        ([SimpleNamespace(_mode="cpu_load"), GPU()], True, ("nvml", 7.0)),
        ([SimpleNamespace(_mode="intel_rapl"), GPU()], True, ("nvml", 10.0)),
        ([SimpleNamespace(_mode="cpu_load")], True, ("estimate", 12.0)),
    ],
)
def test_a_figure_is_called_measured_only_where_a_counter_was_read(
    devices: list[object], cuda: bool, expected: tuple[str, float]
) -> None:
    assert energy._covered(SimpleNamespace(_hardware=devices), USED, cuda) == expected


def test_an_estimate_says_so() -> None:
    found = energy.Energy(0.1, 0.2, "estimate", 10, 1.0, 475.0)
    assert "estimate" in found.note
    assert "475 g" in found.note
    assert set(found.as_dict()) == {"energy/joules_per_example", "energy/co2e_mg_per_example"}
