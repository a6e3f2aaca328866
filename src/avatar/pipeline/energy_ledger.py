"""The energy of a job's stages by purpose: what each needed when it was made, also if this job only reused it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from avatar.pipeline.manifest import read_manifest

PURPOSES = ("teacher", "search", "training")
"""What the energy of a stage can be for. It is not counted for others: data set, baselines, measurements, export."""


@dataclass(frozen=True)
class Spent:
    """Energy in joules and emissions in g CO2e of the results of some stages.

    `stages` counts the results by stage, `unknown` those among them of which no energy is recorded. `methods` are keys
    of `avatar.measure.energy.METHODS`. `reused` are the joules of results that were there before the job.
    """

    joules: float = 0.0
    co2e_g: float = 0.0
    reused: float = 0.0
    stages: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()


class EnergyLedger:
    """Which results a job asked for, and for what."""

    def __init__(self) -> None:
        self._purposes: dict[Path, str] = {}
        self._made: set[Path] = set()
        self._purpose = ""

    @contextmanager
    def purpose(self, name: str) -> Iterator[None]:
        """Results that are asked for in the block are for `name`, unless they were asked for before."""
        assert name in PURPOSES
        before, self._purpose = self._purpose, name
        try:
            yield
        finally:
            self._purpose = before

    def asked(self, folder: Path) -> None:
        """A stage's result in `folder` is needed, or may be."""
        self._purposes.setdefault(folder, self._purpose)

    def made(self, folder: Path) -> None:
        """This job made the result in `folder`."""
        self._made.add(folder)

    def spent(self, purpose: str) -> Spent:
        """The energy of all results for `purpose` that exist now."""
        joules = co2e_g = reused = 0.0
        stages: Counter[str] = Counter()
        unknown: Counter[str] = Counter()
        methods = set()
        for folder, counted in self._purposes.items():
            manifest = read_manifest(folder) if counted == purpose else None
            if manifest is None:  # it was not needed, so it was not made
                continue
            stages[manifest.stage] += 1
            if manifest.energy is None:
                unknown[manifest.stage] += 1
                continue
            joules += manifest.energy.joules
            co2e_g += manifest.energy.co2e_g
            methods.add(manifest.energy.method)
            if folder not in self._made:
                reused += manifest.energy.joules
        return Spent(joules, co2e_g, reused, stages, unknown, frozenset(methods))
