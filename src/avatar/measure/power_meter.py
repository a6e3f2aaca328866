"""The energy that this process uses, by codecarbon. Only this file imports codecarbon."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import count
from typing import Any

from avatar.common.errors import AvatarError

JOULES_PER_KWH = 3.6e6

SWITCH_OFF = "switch it off with measure.energy=false"

CPU_COUNTERS = {"intel_rapl": "rapl", "windows_emi": "emi"}
"""Codecarbon's modes that read an energy counter of the processor, and our names for them; others assume the power."""


@dataclass(frozen=True, slots=True)
class PowerReading:
    """Energy in kWh by part, within `seconds`. `cpu_counter` is rapl, emi or None; without one it is estimated."""

    cpu_kwh: float
    ram_kwh: float
    gpu_kwh: float
    grams_per_kwh: float
    cpu_counter: str | None
    gpu_counted: bool
    seconds: float


def total(readings: Sequence[PowerReading]) -> PowerReading:
    """The sum of readings of one meter; there must be at least one."""
    sums = {name: sum(getattr(one, name) for one in readings) for name in ("cpu_kwh", "ram_kwh", "gpu_kwh", "seconds")}
    return replace(readings[0], **sums)


class PowerMeter:
    """Measures energy between `start` and `stop`; then `reading` has it. `of` measures single calls instead.

    Needs no network and writes no file.

    The country comes from codecarbon's own settings (`.codecarbon.config`, CODECARBON_*); without one it is the world
    average.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds` is the expected time of the work. Without codecarbon it is an AvatarError."""
        self._numbers = count()
        self._tracker = _tracker_class()(
            output_methods=[],
            log_level="critical",
            tracking_mode="process",
            measure_power_secs=max(0.2, seconds / 5),
            allow_multiple_runs=True,
        )

    def start(self) -> None:
        """Start the measurement."""
        self._tracker.start()

    def stop(self) -> None:
        """End the measurement."""
        self._tracker.stop()

    @property
    def reading(self) -> PowerReading:
        """The energy between start and stop; an AvatarError if codecarbon gives none."""
        return self._read(getattr(self._tracker, "final_emissions_data", None))  # codecarbon hides its own exceptions

    def of(self, work: Callable[[], object]) -> PowerReading:
        """The energy while `work` is called, with a time that includes some milliseconds of the meter itself.

        For short work: a counter of the processor that overflows more than once during it is misread. An AvatarError if
        codecarbon gives no energy.
        """
        name = f"work {next(self._numbers)}"
        self._tracker.start_task(name)
        try:
            work()
        finally:
            used = self._tracker.stop_task(name)
        return self._read(used)

    def _read(self, used: Any) -> PowerReading:
        if used is None or used.energy_consumed <= 0:
            raise AvatarError("codecarbon gave no energy for the predictions", SWITCH_OFF)
        counter, gpu = counters(getattr(self._tracker, "_hardware", None))
        return PowerReading(
            used.cpu_energy,
            used.ram_energy,
            used.gpu_energy,
            used.emissions * 1e3 / used.energy_consumed,
            counter,
            gpu,
            used.duration,
        )


def _tracker_class() -> Any:
    try:
        from codecarbon import OfflineEmissionsTracker
    except ImportError as error:
        raise AvatarError(
            f"energy is measured by the package codecarbon, which cannot be imported: {error}",
            f"pip install 'avatar-code[train]', or {SWITCH_OFF}",
        ) from error
    return OfflineEmissionsTracker


@contextmanager
def quiet() -> Iterator[None]:
    """Codecarbon logs nothing in this block. Without codecarbon it is an AvatarError."""
    _tracker_class()  # importing it sets its logger's level
    logger = logging.getLogger("codecarbon")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def counters(devices: Iterable[Any] | None) -> tuple[str | None, bool]:
    """The counter that was read for the processor, if any, and whether one was read for a GPU.

    Codecarbon has this in private attributes only. If they are missing, it is an AvatarError: else an estimate could be
    reported as a measurement.
    """
    by_kind = {type(device).__name__: device for device in devices or ()}
    mode = getattr(by_kind.get("CPU"), "_mode", None)
    if not by_kind or ("CPU" in by_kind and not isinstance(mode, str)):
        raise AvatarError(
            f"codecarbon {version('codecarbon')} does not tell how it measured the processor; version 3.3 does",
            f"pip install 'codecarbon>=3.3,<3.4', or {SWITCH_OFF}",
        )
    return CPU_COUNTERS.get(mode or ""), "GPU" in by_kind
