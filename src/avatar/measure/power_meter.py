"""How much energy this process took while a block ran: the only code that knows codecarbon."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from avatar.common.errors import AvatarError

SWITCH_OFF = "switch it off with measure.energy=false"

CPU_COUNTERS = {"intel_rapl": "rapl", "windows_emi": "emi"}
"""codecarbon's ways to read a processor's counter, and our names for them; its other ways assume a power."""


@dataclass(frozen=True, slots=True)
class PowerReading:
    """Energy in kWh by part, and what was counted: `cpu_counter` is rapl, emi or None; the rest is assumed."""

    cpu_kwh: float
    ram_kwh: float
    gpu_kwh: float
    grams_per_kwh: float
    cpu_counter: str | None
    gpu_counted: bool


class PowerMeter:
    """Start it, work, stop it; then `reading` tells. Needs no network and writes no file.

    Codecarbon's own settings (`.codecarbon.config`, CODECARBON_*) choose the country; without one its world
    average holds.
    """

    def __init__(self, seconds: float) -> None:
        """Expect work of about `seconds`; without codecarbon an AvatarError."""
        self._tracker = _tracker_class()(
            output_methods=[],
            log_level="critical",
            tracking_mode="process",
            measure_power_secs=max(0.2, seconds / 5),
            allow_multiple_runs=True,
        )

    def start(self) -> None:
        """Count from now on."""
        self._tracker.start()

    def stop(self) -> None:
        """Count no further."""
        self._tracker.stop()

    @property
    def reading(self) -> PowerReading:
        """What was used between start and stop; an AvatarError where codecarbon counted nothing."""
        used = getattr(self._tracker, "final_emissions_data", None)  # codecarbon swallows its own exceptions
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
    """Codecarbon logs nothing inside; without codecarbon an AvatarError."""
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

    Codecarbon tells this in private attributes only. Where they are gone it is an AvatarError: a figure must
    never be called an estimate or a measurement by mistake.
    """
    by_kind = {type(device).__name__: device for device in devices or ()}
    mode = getattr(by_kind.get("CPU"), "_mode", None)
    if not by_kind or ("CPU" in by_kind and not isinstance(mode, str)):
        raise AvatarError(
            f"codecarbon {version('codecarbon')} does not tell how it measured the processor; 3.3 does",
            f"pip install 'codecarbon>=3.3,<3.4', or {SWITCH_OFF}",
        )
    return CPU_COUNTERS.get(mode or ""), "GPU" in by_kind
