"""Energy and emissions of a prediction: mean of repeats, 95 % interval, and the method of the measurement."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import TypeVar

import numpy as np

from avatar.measure.interval import mean_interval
from avatar.measure.power_meter import JOULES_PER_KWH, PowerMeter, PowerReading, quiet, total

Input = TypeVar("Input")

METHODS = {
    "rapl": "It is measured by RAPL (processor package).",
    "emi": "It is measured by Windows' energy meter (processor package).",
    "nvml": "It is measured by NVML (GPU).",
    "estimate": "It is a model of time, not a measurement, because no energy counter can be read on this machine: the "
    "measured time is multiplied by a power that codecarbon assumes for processor and memory.",
}
"""Methods of the measurement, and their descriptions in the report."""

IDLE_REPEATS = 10
IDLE_SECONDS = 0.1
"""How often, and for how long each time, the idle power is measured."""
SAMPLE = 5
"""Different inputs that show how long a call takes, after up to three calls that do not count."""
WIDE = 0.05
"""From this share of the mean on, half an interval is pointed out as wide."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one prediction in joules: mean of `repeats` repeats with `calls` predictions each.

    `half_width` is half the width of the mean's 95 % interval. `method` is a key of `METHODS`. A measured number covers
    only the part with the counter (processor package, GPU), without the power `idle_watts` that this part had before;
    None if that was not subtracted. An estimate is the mean time times `watts`, the power that codecarbon assumes for
    processor and memory, and for a GPU if one is used. `seconds` is the time of all repeats, `carbon_intensity` is in
    g CO2e per kWh, `rows` are the inputs that each repeat had.
    """

    joules_per_example: float
    half_width: float
    co2e_mg_per_example: float
    method: str
    repeats: int
    calls: int
    seconds: float
    carbon_intensity: float
    watts: float
    idle_watts: float | None
    rows: tuple[int, ...]

    def as_dict(self, model: str = "") -> dict[str, float]:
        """By MLflow name, with `model` (such as "teacher_") before its last part; `method` is the tag energy_method."""
        values = {
            "joules_per_example": self.joules_per_example,
            "joules_per_example_ci95": self.half_width,
            "co2e_mg_per_example": self.co2e_mg_per_example,
            "repeats": float(self.repeats),
        }
        if self.idle_watts is not None:
            values["idle_watts"] = self.idle_watts
        return {f"energy/{model}{name}": value for name, value in values.items()}

    @property
    def relative(self) -> float:
        """Half the width of the interval, as a share of the mean."""
        return self.half_width / self.joules_per_example

    def note(self, model: str) -> str:
        """Sentences for the report: the numbers of `model`, how they were made, and what they are."""
        decimals = f"{self.joules_per_example:#.3g}"
        said = [
            f"Energy of one prediction of the {model}: {decimals} ± {self.half_width:.2g} J "
            f"(± {100 * self.relative:.1f} %). It is the mean of {self.repeats} repeats; the 95 % interval is by "
            "Student's t.",
            f"A repeat is {self.calls:,} prediction{'s' * (self.calls > 1)}.",
            METHODS[self.method],
        ]
        if self.method == "estimate":
            said.append(f"The power is {self.watts:.3g} W, and the interval is that of the time.")
        elif self.idle_watts is None:
            said.append(
                "The idle power is not subtracted, because before the measurement the machine used at least as much "
                "power as during it."
            )
        else:
            said.append(f"The idle power of {self.idle_watts:.3g} W, measured before by the same meter, is subtracted.")
        if self.relative > WIDE:
            said.append("The interval is wide, probably because other programs were running.")
        said.append(f"CO2e is computed with {self.carbon_intensity:.0f} g per kWh.")
        return " ".join(said)


def measure_energy(
    call: Callable[[Input], object],
    inputs: Sequence[Input],
    seconds: float = 3.0,
    repeats: int = 30,
    cuda: bool = False,
) -> Energy:
    """Call `call` on `inputs` in `repeats` repeats with the same work, `seconds` in all, or longer if calls are slow.

    If a repeat has no time for all `inputs`, it has evenly spaced ones, so give them in the order of their size. It
    needs no network and writes no file. `cuda` says whether `call` uses a GPU. If codecarbon gives no number, it is an
    AvatarError.
    """
    rows, passes = _one_repeat(call, inputs, seconds / repeats)
    chosen = [inputs[row] for row in rows]
    times: list[float] = []

    def repeat() -> None:
        start = time.perf_counter()
        for _ in range(passes):
            for value in chosen:
                call(value)
        times.append(time.perf_counter() - start)

    def all_repeats() -> None:
        for _ in range(repeats):
            repeat()

    with quiet():
        meter = PowerMeter(seconds)
        idle = [meter.of(_idle)]
        if idle[0].gpu_counted if cuda else idle[0].cpu_counter is not None:
            idle += [meter.of(_idle) for _ in range(IDLE_REPEATS - 1)]
            busy = [meter.of(repeat) for _ in range(repeats)]
        else:
            busy = [meter.of(all_repeats)]
    calls, used = passes * len(chosen), total(busy)
    method, kwh = covered(used, cuda)
    watts, idle_watts = kwh * JOULES_PER_KWH / used.seconds, None
    if method == "estimate":
        joules, half_width = mean_interval([watts * elapsed / calls for elapsed in times])
    else:
        powers = np.array([covered(reading, cuda)[1] * JOULES_PER_KWH / reading.seconds for reading in busy])
        joules, half_width = mean_interval(powers * times / calls)
        before, spread = mean_interval(
            [covered(reading, cuda)[1] * JOULES_PER_KWH / reading.seconds for reading in idle]
        )
        if before < watts:
            idle_watts = before
            joules, half_width = mean_interval((powers - before) * times / calls)
            half_width = hypot(half_width, spread * float(np.mean(times)) / calls)
    return Energy(
        joules_per_example=joules,
        half_width=half_width,
        co2e_mg_per_example=joules / JOULES_PER_KWH * used.grams_per_kwh * 1e3,
        method=method,
        repeats=repeats,
        calls=calls,
        seconds=sum(times),
        carbon_intensity=used.grams_per_kwh,
        watts=watts,
        idle_watts=idle_watts,
        rows=tuple(rows),
    )


def _idle() -> None:
    time.sleep(IDLE_SECONDS)


def _one_repeat(call: Callable[[Input], object], inputs: Sequence[Input], seconds: float) -> tuple[list[int], int]:
    """Rows of the inputs that a repeat of about `seconds` has, and how often it has them."""
    sample = _spread(len(inputs), min(SAMPLE, len(inputs)))
    for row in sample[:3]:
        call(inputs[row])
    start, done, elapsed = time.perf_counter(), 0, 0.0
    while not done or elapsed < seconds:
        for row in sample:
            call(inputs[row])
        done += len(sample)
        elapsed = time.perf_counter() - start
    each = max(elapsed / done, 1e-9)
    fitting = max(1, round(seconds / each))
    return _spread(len(inputs), min(fitting, len(inputs))), max(1, round(fitting / len(inputs)))


def _spread(count: int, wanted: int) -> list[int]:
    """`wanted` of the rows 0 to `count` - 1, evenly spaced; the middle one if only one is wanted."""
    return [int((number + 0.5) * count / wanted) for number in range(wanted)]


def covered(reading: PowerReading, cuda: bool) -> tuple[str, float]:
    """The method, and the kWh that it covers. A counter that shows 0 is not used."""
    counter = reading.cpu_counter
    if cuda and reading.gpu_counted and reading.gpu_kwh > 0:
        return "nvml", reading.gpu_kwh + (reading.cpu_kwh if counter else 0.0)
    if counter and not cuda and reading.cpu_kwh > 0:
        return counter, reading.cpu_kwh
    return "estimate", reading.cpu_kwh + reading.ram_kwh + (reading.gpu_kwh if cuda else 0.0)
