"""Energy and emissions of a longer work, such as a training: what the machine used meanwhile, idle power included."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from avatar.common.errors import AvatarError
from avatar.common.logging import get_logger
from avatar.measure.energy import METHODS, covered
from avatar.measure.power_meter import JOULES_PER_KWH, PowerMeter, quiet

log = get_logger("energy")

EXPECTED_SECONDS = 75.0
"""The meter reads the power about every fifth of this time, so that no counter overflows between two readings."""


@dataclass(frozen=True, slots=True)
class UsedEnergy:
    """Energy in joules, emissions in g CO2e, and how they were measured (a key of `METHODS`)."""

    joules: float
    co2e_g: float
    method: str

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "UsedEnergy":
        """From its fields as plain data; other data is a ValueError."""
        joules, co2e_g, method = (values.get(name) for name in ("joules", "co2e_g", "method"))
        if not isinstance(joules, (int, float)) or not isinstance(co2e_g, (int, float)) or method not in METHODS:
            raise ValueError(f"'energy' is {dict(values)}; it must have joules, co2e_g and a known method")
        return cls(float(joules), float(co2e_g), str(method))


@dataclass
class Metered:
    """A work that is measured. When it has ended, `used` has its energy, without that of works inside it.

    `used` is None before the end, and if the meter failed. `inside` are the joules of the works inside it.
    """

    inside: float = 0.0
    used: UsedEnergy | None = None


Meter = Callable[[], AbstractContextManager[Metered]]
"""Measures the work in its block."""


class WorkMeter:
    """Measures works, also works inside others: each joule counts once. `cuda` says whether a GPU is used."""

    def __init__(self, cuda: bool = False) -> None:
        self.cuda = cuda
        self._open: list[Metered] = []

    @contextmanager
    def __call__(self) -> Iterator[Metered]:
        """Measure the block. If codecarbon gives no energy, there is a warning, and the work is not lost."""
        work = Metered()
        with quiet():
            meter = PowerMeter(EXPECTED_SECONDS)
            self._open.append(work)
            meter.start()
            try:
                yield work
            finally:
                meter.stop()
                self._open.pop()
        try:
            reading = meter.reading
        except AvatarError as error:
            log.warning("the energy of a stage is not known: %s", error.message)
            return
        method, kwh = covered(reading, self.cuda)
        joules = kwh * JOULES_PER_KWH
        own = max(0.0, joules - work.inside)
        work.used = UsedEnergy(own, own * reading.grams_per_kwh / JOULES_PER_KWH, method)
        if self._open:
            self._open[-1].inside += joules
