"""Energy: the reported values, the method, and that no file is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from avatar.measure import energy
from avatar.measure.power_meter import PowerReading


def test_energy_of_real_calls_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[int] = []
    measured = energy.measure_energy(seen.append, [1, 2, 3], seconds=0.3)
    assert measured.joules_per_example > 0
    assert measured.seconds >= 0.3
    assert measured.examples == len(seen) - 3  # three warm it up
    assert measured.method in ("rapl", "nvml", "estimate")
    joules = measured.joules_per_example * measured.examples
    grams = measured.co2e_mg_per_example * measured.examples / 1e3
    assert grams == pytest.approx(joules / 3.6e6 * measured.carbon_intensity)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("counter", "gpu", "cuda", "expected"),
    [
        ("rapl", False, False, ("rapl", 3.0)),
        ("emi", False, False, ("emi", 3.0)),
        (None, False, False, ("estimate", 5.0)),
        (None, True, False, ("estimate", 5.0)),
        (None, True, True, ("nvml", 7.0)),
        ("rapl", True, True, ("nvml", 10.0)),
        (None, False, True, ("estimate", 12.0)),
    ],
)
def test_a_figure_is_called_measured_only_where_a_counter_was_read(
    counter: str | None, gpu: bool, cuda: bool, expected: tuple[str, float]
) -> None:
    assert energy.covered(PowerReading(3.0, 2.0, 7.0, 475.0, counter, gpu), cuda) == expected


def test_a_counter_that_stands_still_is_no_measurement() -> None:
    assert energy.covered(PowerReading(0.0, 2.0, 0.0, 475.0, "rapl", False), cuda=False) == ("estimate", 2.0)
    assert energy.covered(PowerReading(3.0, 2.0, 0.0, 475.0, None, True), cuda=True) == ("estimate", 5.0)


@pytest.mark.parametrize("method", energy.METHODS)
def test_every_method_is_named_in_the_report(method: str) -> None:
    assert energy.METHODS[method] in energy.Energy(0.1, 0.2, method, 10, 1.0, 475.0).note


def test_an_estimate_says_so() -> None:
    measured = energy.Energy(0.1, 0.2, "estimate", 10, 1.0, 475.0)
    assert "estimate" in measured.note
    assert "475 g" in measured.note
    assert set(measured.as_dict()) == {"energy/joules_per_example", "energy/co2e_mg_per_example"}


def test_codecarbon_says_nothing_in_the_log() -> None:
    script = "from avatar.measure.energy import measure_energy; measure_energy(abs, [1, 2], seconds=0.3)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
