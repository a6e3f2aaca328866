"""Energy and emissions of a prediction, with the method of the measurement."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from avatar.measure.power_meter import PowerMeter, PowerReading, quiet

Input = TypeVar("Input")

JOULES_PER_KWH = 3.6e6

METHODS = {
    "rapl": "measured by RAPL (processor package)",
    "emi": "measured by Windows' energy meter (processor package)",
    "nvml": "measured by NVML (GPU)",
    "estimate": "an estimate: no energy counter can be read on this machine, so codecarbon assumes the power of "
    "processor and memory, and the number depends mainly on the time",
}
"""Methods of the measurement, and their descriptions in the report."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one example. `method` is a key of `METHODS`: a counter, or estimate (power is assumed).

    A measured number covers only the part with the counter (processor package, GPU). An estimate is the
    energy of processor and memory at the power that codecarbon assumes, plus that of a GPU if one is used.
    `carbon_intensity` is in g CO2e per kWh.
    """

    joules_per_example: float
    co2e_mg_per_example: float
    method: str
    examples: int
    seconds: float
    carbon_intensity: float

    def as_dict(self) -> dict[str, float]:
        """By MLflow name; `method` goes into the tag energy_method."""
        return {
            "energy/joules_per_example": self.joules_per_example,
            "energy/co2e_mg_per_example": self.co2e_mg_per_example,
        }

    @property
    def note(self) -> str:
        """A sentence for the report."""
        return f"Energy is {METHODS[self.method]}; CO2e is computed with {self.carbon_intensity:.0f} g per kWh."


def measure_energy(
    call: Callable[[Input], object], inputs: Sequence[Input], seconds: float = 1.5, cuda: bool = False
) -> Energy:
    """Call `call` on `inputs` repeatedly for at least `seconds`; the energy is divided by the number of calls.

    Needs no network and writes no file. `cuda` says whether `call` uses a GPU. If codecarbon gives no number, it is an
    AvatarError.
    """
    with quiet():
        meter = PowerMeter(seconds)
        for value in inputs[:3]:
            call(value)
        meter.start()
        start = time.perf_counter()
        done = 0
        while not done or time.perf_counter() - start < seconds:
            call(inputs[done % len(inputs)])
            done += 1
        elapsed = time.perf_counter() - start
        meter.stop()
    reading = meter.reading
    method, kwh = covered(reading, cuda)
    return Energy(
        joules_per_example=kwh * JOULES_PER_KWH / done,
        co2e_mg_per_example=kwh * reading.grams_per_kwh * 1e3 / done,
        method=method,
        examples=done,
        seconds=elapsed,
        carbon_intensity=reading.grams_per_kwh,
    )


def covered(reading: PowerReading, cuda: bool) -> tuple[str, float]:
    """The method, and the kWh that it covers. A counter that shows 0 is not used."""
    counter = reading.cpu_counter
    if cuda and reading.gpu_counted and reading.gpu_kwh > 0:
        return "nvml", reading.gpu_kwh + (reading.cpu_kwh if counter else 0.0)
    if counter and not cuda and reading.cpu_kwh > 0:
        return counter, reading.cpu_kwh
    return "estimate", reading.cpu_kwh + reading.ram_kwh + (reading.gpu_kwh if cuda else 0.0)
