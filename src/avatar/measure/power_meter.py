"""The energy that this process uses, by codecarbon. Only this file imports codecarbon."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from avatar.common.errors import AvatarError

SWITCH_OFF = "switch it off with measure.energy=false"

CPU_COUNTERS = {"intel_rapl": "rapl", "windows_emi": "emi"}
"""Codecarbon's modes that read an energy counter of the processor, and our names for them; others assume the power."""


@dataclass(frozen=True, slots=True)
class PowerReading:
    """Energy in kWh by part. `cpu_counter` is rapl, emi or None. Without a counter the energy is estimated."""

    cpu_kwh: float
    ram_kwh: float
    gpu_kwh: float
    grams_per_kwh: float
    cpu_counter: str | None
    gpu_counted: bool


class PowerMeter:
    """Measures energy between `start` and `stop`; then `reading` has it. Needs no network and writes no file.

    The country comes from codecarbon's own settings (`.codecarbon.config`, CODECARBON_*); without one it is the world
    average.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds` is the expected time of the work. Without codecarbon it is an AvatarError."""
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
        used = getattr(self._tracker, "final_emissions_data", None)  # codecarbon hides its own exceptions
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
