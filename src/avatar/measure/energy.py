"""Energy and emissions of a prediction, by codecarbon, with the method that gave the number."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from avatar.common.errors import AvatarError

Input = TypeVar("Input")

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one example. `method`: rapl or nvml (measured by a counter), or estimate (power is assumed).

    A measured figure covers only what the counter sees (the processor package, the GPU); an estimate adds
    codecarbon's assumed power of processor and memory. `carbon_intensity` is in g CO2e per kWh.
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
        how = {
            "rapl": "measured by RAPL (processor package)",
            "nvml": "measured by NVML (GPU)",
            "estimate": "an estimate: no counter is readable here, so codecarbon assumes the power of "
            "processor and memory, and the figure says little more than the time",
        }[self.method]
        return f"Energy is {how}; CO2e at {self.carbon_intensity:.0f} g per kWh."


def measure_energy(
    call: Callable[[Input], object], inputs: Sequence[Input], seconds: float = 1.5, cuda: bool = False
) -> Energy:
    """Call `call` on `inputs`, over and over, for at least `seconds`, and divide what was used by the calls.

    Needs no network and writes no file. Codecarbon's own settings (`.codecarbon.config`, CODECARBON_*)
    choose the country; without one its world average holds. `cuda` says whether `call` works on a GPU.
    """
    from codecarbon import OfflineEmissionsTracker

    logger = logging.getLogger("codecarbon")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        tracker = OfflineEmissionsTracker(
            output_methods=[],
            log_level="critical",
            tracking_mode="process",
            measure_power_secs=max(0.2, seconds / 5),
            allow_multiple_runs=True,
        )
        for value in inputs[:3]:
            call(value)
        tracker.start()
        start = time.perf_counter()
        done = 0
        while not done or time.perf_counter() - start < seconds:
            call(inputs[done % len(inputs)])
            done += 1
        elapsed = time.perf_counter() - start
        tracker.stop()
    finally:
        logger.setLevel(level)
    used = getattr(tracker, "final_emissions_data", None)  # codecarbon swallows its own exceptions
    if used is None or used.energy_consumed <= 0:
        raise AvatarError("codecarbon gave no energy for the predictions", "switch it off with measure.energy=false")
    method, kwh = _covered(tracker, used, cuda)
    grams_per_kwh = used.emissions * 1e3 / used.energy_consumed
    return Energy(
        joules_per_example=kwh * JOULES_PER_KWH / done,
        co2e_mg_per_example=kwh * grams_per_kwh * 1e3 / done,
        method=method,
        examples=done,
        seconds=elapsed,
        carbon_intensity=grams_per_kwh,
    )


def _covered(tracker: Any, used: Any, cuda: bool) -> tuple[str, float]:
    """The method, and the kWh that it speaks for."""
    modes = {getattr(device, "_mode", type(device).__name__) for device in tracker._hardware}
    rapl = "intel_rapl" in modes
    if cuda and "GPU" in modes and used.gpu_energy > 0:
        return "nvml", used.gpu_energy + (used.cpu_energy if rapl else 0.0)
    if rapl and not cuda and used.cpu_energy > 0:
        return "rapl", used.cpu_energy
    return "estimate", used.cpu_energy + used.ram_energy + (used.gpu_energy if cuda else 0.0)
