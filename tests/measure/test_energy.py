"""Energy of a prediction: mean, 95 % interval, idle power, and the method."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import bootstrap

from avatar.measure import energy
from avatar.measure.interval import mean_interval
from avatar.measure.power_meter import PowerReading

JOULES_PER_KWH = 3.6e6


class Machine:
    """Stands for the power meter of a machine with fixed power while it works and while it sleeps."""

    def __init__(self, busy: float, idle: float, counter: str | None) -> None:
        self.busy, self.idle, self.counter = busy, idle, counter
        self.work: list[float] = []

    def __call__(self, seconds: float) -> "Machine":
        return self

    def of(self, work: Callable[[], object]) -> PowerReading:
        before, start = time.process_time(), time.perf_counter()
        work()
        elapsed = time.perf_counter() - start
        sleeps = time.process_time() - before < 1e-3
        self.work.append(elapsed)
        kwh = elapsed * (self.idle if sleeps else self.busy) / JOULES_PER_KWH
        return PowerReading(kwh, 0.0, 0.0, 500.0, self.counter, False, elapsed)


def spin(milliseconds: float) -> None:
    end = time.process_time() + milliseconds / 1e3
    while time.process_time() < end:
        pass


def on(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Machine:
    monkeypatch.setattr(energy, "PowerMeter", machine)
    return machine


def test_energy_of_real_calls_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[int] = []
    measured = energy.measure_energy(seen.append, [1, 2, 3], seconds=0.6, repeats=30)
    assert measured.joules_per_example > measured.half_width > 0
    assert measured.repeats == 30
    assert len(seen) >= measured.repeats * measured.calls
    assert measured.calls % 3 == 0  # each repeat has the same work
    assert measured.method in ("rapl", "estimate")
    kwh = measured.joules_per_example / JOULES_PER_KWH
    assert measured.co2e_mg_per_example == pytest.approx(kwh * measured.carbon_intensity * 1e3)
    assert list(tmp_path.iterdir()) == []


def test_idle_power_is_subtracted_where_a_counter_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, Machine(busy=30.0, idle=20.0, counter="rapl"))
    measured = energy.measure_energy(spin, [2.0], seconds=0.6, repeats=30)
    assert measured.idle_watts == pytest.approx(20.0, rel=1e-6)
    assert measured.joules_per_example == pytest.approx(10.0 * measured.seconds / (30 * measured.calls), rel=1e-3)
    assert "idle power" in measured.note("student")
    assert "20 W" in measured.note("student")
    assert measured.as_dict()["energy/idle_watts"] == measured.idle_watts


def test_a_machine_that_was_not_idle_before_has_its_whole_power_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, Machine(busy=30.0, idle=40.0, counter="rapl"))
    measured = energy.measure_energy(spin, [2.0], seconds=0.6, repeats=30)
    assert measured.idle_watts is None
    assert measured.joules_per_example == pytest.approx(30.0 * measured.seconds / (30 * measured.calls), rel=1e-3)
    assert "not subtracted" in measured.note("student")
    assert "energy/idle_watts" not in measured.as_dict()


def test_without_a_counter_it_is_a_model_of_time_with_the_interval_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on(monkeypatch, Machine(busy=12.0, idle=12.0, counter=None))
    measured = energy.measure_energy(spin, [2.0], seconds=0.6, repeats=30)
    assert measured.joules_per_example == pytest.approx(12.0 * measured.seconds / (30 * measured.calls), rel=1e-3)
    assert 0 < measured.half_width < measured.joules_per_example
    assert "model of time" in measured.note("student")
    assert "12 W" in measured.note("student")
    assert measured.idle_watts is None


def test_a_counter_that_stands_still_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = on(monkeypatch, Machine(busy=0.0, idle=0.0, counter="rapl"))
    plain = machine.of
    monkeypatch.setattr(
        machine,
        "of",
        lambda work: PowerReading(0.0, (read := plain(work)).seconds / 3.6e5, 0, 500.0, "rapl", False, read.seconds),
    )
    measured = energy.measure_energy(spin, [2.0], seconds=0.3, repeats=30)
    assert measured.method == "estimate"
    assert measured.joules_per_example == pytest.approx(10.0 * measured.seconds / (30 * measured.calls), rel=1e-3)


def test_every_repeat_of_a_slow_model_has_the_same_inputs_spread_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, Machine(busy=12.0, idle=12.0, counter=None))
    seen: list[int] = []

    def slow(value: int) -> None:
        seen.append(value)
        spin(4.0)

    measured = energy.measure_energy(slow, list(range(100)), seconds=0.25, repeats=30)
    used = seen[-30 * measured.calls :]
    assert used == [*measured.rows] * 30
    assert len(measured.rows) == measured.calls < 10
    assert np.mean(measured.rows) == pytest.approx(50, abs=8)


def test_the_interval_holds_the_mean_in_95_of_100_cases() -> None:
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        mean, half = mean_interval(random.normal(3.0, 1.0, 30))
        hits += abs(mean - 3.0) <= half
    assert 0.935 < hits / 2000 < 0.965
    values = random.normal(3.0, 1.0, 200)
    resampled = bootstrap((values,), np.mean, rng=random).confidence_interval
    assert mean_interval(values)[1] == pytest.approx((resampled.high - resampled.low) / 2, rel=0.1)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two"):
        mean_interval([1.0])


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
    assert energy.covered(PowerReading(3.0, 2.0, 7.0, 475.0, counter, gpu, 1.0), cuda) == expected


def test_a_reading_of_0_is_no_measurement() -> None:
    assert energy.covered(PowerReading(0.0, 2.0, 0.0, 475.0, "rapl", False, 1.0), cuda=False) == ("estimate", 2.0)
    assert energy.covered(PowerReading(3.0, 2.0, 0.0, 475.0, None, True, 1.0), cuda=True) == ("estimate", 5.0)


def made(method: str, half_width: float = 0.002) -> energy.Energy:
    return energy.Energy(0.1, half_width, 0.2, method, 30, 7, 1.0, 475.0, 12.0, None, (0,))


@pytest.mark.parametrize("method", energy.METHODS)
def test_every_method_is_named_with_repeats_and_interval(method: str) -> None:
    note = made(method).note("student")
    assert energy.METHODS[method] in note
    assert "0.100 ± 0.002 J" in note
    assert "30 repeats" in note
    assert "95 %" in note
    assert "475 g" in note
    assert "other programs" not in note


def test_a_wide_interval_is_pointed_out() -> None:
    assert "other programs" in made("rapl", half_width=0.0051).note("student")


def test_names_in_mlflow() -> None:
    assert made("estimate").as_dict() == {
        "energy/joules_per_example": 0.1,
        "energy/joules_per_example_ci95": 0.002,
        "energy/co2e_mg_per_example": 0.2,
        "energy/repeats": 30.0,
    }
    assert set(made("estimate").as_dict("teacher_")) == {
        "energy/teacher_joules_per_example",
        "energy/teacher_joules_per_example_ci95",
        "energy/teacher_co2e_mg_per_example",
        "energy/teacher_repeats",
    }


def test_codecarbon_says_nothing_in_the_log() -> None:
    script = "from avatar.measure.energy import measure_energy; measure_energy(abs, [1, 2], seconds=0.3)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
